import { type LockHolder, STAGE } from '../core/host.ts'
import { quote } from '../core/quote.ts'
import { RUN_FOLDER } from './folders.ts'
import { SAFE_DIR } from './script.ts'

/** Without so many signs of life a holder may be gone: who comes now waits for it to be heard, or to be given up. */
const QUIET_BEATS = 3
/** Without so many the host gives the lock up. */
const GONE_BEATS = 6

/**
 * Takes the host's lock and holds it while stdin brings signs of life, until `release`. Marks: LOCKED; BUSY pid seconds,
 * then what the holder wrote of itself; QUIET seconds run, before it waits for a holder that may be gone; ORPHAN and
 * STUCK run job pid, of a job that an earlier run left; UNSAFE path.
 */
export function lockStage(
  holder: LockHolder,
  { orphanMs, beatMs }: { readonly orphanMs: number; readonly beatMs: number },
): string {
  const orphanSeconds = Math.ceil(orphanMs / 1000)
  const quietSeconds = Math.ceil((QUIET_BEATS * beatMs) / 1000)
  const goneSeconds = Math.ceil((GONE_BEATS * beatMs) / 1000)
  return `${SAFE_DIR}
me=${quote(holder.run)}
safe_dir ${RUN_FOLDER} || { mark UNSAFE ${RUN_FOLDER}; exit 1; }
cd ${RUN_FOLDER} || exit 1
exec 9>>lock
holder() { pid=; run=; json=; [ -e holder ] && { read -r pid run; IFS= read -r json; } <holder; }
age() { printf '%s\\n' "$(($(date +%s) - $(stat -c %Y "$1" 2>/dev/null || date +%s)))"; }
if ! flock -n 9; then
  holder
  # Our own lock, held for a link that is gone but that sshd has not missed yet.
  if [ "$run" = "$me" ]; then kill "$pid"; flock 9; else
    i=0
    until flock -n 9; do
      quiet=$(age alive)
      if [ "$quiet" -lt ${quietSeconds} ] || [ $i -gt ${2 * goneSeconds} ]; then
        holder
        mark BUSY "$pid" "$(age holder)"; printf '%s\\n' "$json"; exit 0
      fi
      [ $i = 0 ] && mark QUIET "$quiet" "$run"
      i=$((i + 1)); sleep 1
    done
  fi
fi
printf '\\n' >alive
printf '%s %s\\n%s\\n' "$$" "$me" ${quote(JSON.stringify(holder))} >holder.part && mv holder.part holder || exit 1
exec 8>>jobs
i=0
until flock -n 8; do
  running=$(cat running 2>/dev/null)
  [ "\${running%% *}" = "$me" ] && break
  [ $i = 0 ] && mark ORPHAN $running
  [ $i -ge ${orphanSeconds} ] && { rm -f holder; mark STUCK $running; exit 0; }
  printf '\\n' >alive
  i=$((i + 1)); sleep 1
done
exec 8>&-
keep=1
ls -1t | while read -r d; do
  [ -d "$d" ] && [ ! -L "$d" ] && [ "$d" != "$me" ] || continue
  rm -rf "./$d/blobs"
  if [ $keep = 1 ] && rmdir "./$d" 2>/dev/null; then continue; fi
  if [ $keep = 1 ]; then keep=0; else rm -rf "./$d"; fi
done
mark LOCKED
hear() { exec 9>&- 2>/dev/null; timeout ${goneSeconds} sh -c 'IFS= read -r word && printf %s "$word"'; }
while word=$(hear) && [ "$word" != release ]; do printf '\\n' >alive; done
if [ "$word" = release ]; then
  rm -rf "./$me/blobs"; rmdir "./$me" 2>/dev/null
  # What was put in place is not needed twice; a download that was cut off is gone on with next time.
  for f in ${STAGE.disk}/*; do case $f in *.part) ;; *) rm -f -- "$f" ;; esac; done
  rm -f holder alive
fi
exit 0`
}
