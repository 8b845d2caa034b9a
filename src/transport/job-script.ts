import type { Job } from '../core/host.ts'
import { quote } from '../core/quote.ts'
import { jobFolder, RUN_FOLDER, runFolder } from './folders.ts'
import { prelude, SAFE_DIR } from './script.ts'

export interface Attachment {
  /** Used when the job starts now; a job that runs already has its own. */
  readonly nonce: string
  readonly sha256: string
  readonly bytes: number
  /** Bytes of the journal we have already. */
  readonly offsetBytes: number
  /** The boot we know the host from. */
  readonly bootId: string | undefined
  /** We saw the job run: it must not be started if its journal is gone. */
  readonly mustExist: boolean
}

/** The journal lies in memory: a job that writes without end is stopped. */
const JOURNAL_LIMIT_BYTES = 256 * 1024 * 1024

/**
 * The process that runs a job: in a session of its own, so that nothing of our link reaches it. $1 is the journal. fd
 * 8, the job's lock, and fd 9, the sign for other runs, are open as long as it lives; the job itself does not get them,
 * since a daemon it starts would keep them for ever. The pid on stdout tells the starter that the start is on record.
 */
function runner(job: Job): string {
  return `${prelude('')}
cd "$1" || exit 1
read -r provision_nonce <nonce
b=; read -r b 2>/dev/null </proc/sys/kernel/random/boot_id
printf '%s %s %s\\n' "$$" "$b" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >start.part && mv start.part start || exit 1
exec 9>>${RUN_FOLDER}/jobs
flock -s -n 9
printf '%s %s %s\\n' ${job.run} ${job.name} "$$" >${RUN_FOLDER}/running
printf '%s\\n' "$$"
exec </dev/null >>out 2>>err
trap : TERM INT HUP
( exec 8>&- 9>&-; while sleep 2; do
  for f in out err; do
    [ "$(stat -c %s "$PWD/$f")" -lt ${JOURNAL_LIMIT_BYTES} ] && continue
    printf '\\nprovision stopped this job: it wrote more than %s MiB\\n' ${JOURNAL_LIMIT_BYTES / 1024 / 1024} >>err
    kill -TERM "-$$"; exit
  done
done ) >/dev/null 2>&1 &
guard=$!
( exec 8>&- 9>&-; provision_script=$(cat script); cd /; eval "$provision_script" )
code=$?
mark END "$code"
kill "$guard" 2>/dev/null
printf '%s\\n' "$code" >exit.part && mv exit.part exit`
}

/**
 * Starts the job unless it was started before, then sends its journal from an offset until it ends. States, as marks:
 * ATTACHED nonce, then raw journal; VERDICT, REBOOTED, VANISHED, DIED, REFUSED reason.
 */
export function superviseStage(job: Job, at: Attachment): string {
  const dir = jobFolder(job.run, job.name)
  return `${SAFE_DIR}
refuse() { mark REFUSED "$*"; exit 0; }
take_script() { head -c ${at.bytes} >"$1"; }
boot=; read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id
known=${quote(at.bootId ?? '')}
[ -n "$known" ] && [ -n "$boot" ] && [ "$known" != "$boot" ] && { mark REBOOTED; exit 0; }
for d in ${RUN_FOLDER} ${runFolder(job.run)} ${dir}; do
  ${at.mustExist ? '[ -d "$d" ] || { mark VANISHED; exit 0; }' : 'safe_dir "$d" || refuse "cannot make $d"'}
done
cd ${dir} || refuse 'cannot enter ${dir}'
exec 8>>lock
if flock -n 8; then
  if [ -e start ]; then
    take_script /dev/null
    read -r pid started rest <start
    [ -e exit ] || { [ "$started" = "$boot" ] && mark DIED || mark REBOOTED; exit 0; }
  else
    ${at.mustExist ? 'mark VANISHED; exit 0' : ':'}
    take_script script.part
    sum=$(sha256sum script.part)
    [ "\${sum%% *}" = ${at.sha256} ] || refuse 'the script did not arrive whole, or there is no room for it'
    printf '%s\\n' ${at.nonce} >nonce && : >out && : >err && mv script.part script || refuse 'cannot write the journal'
    pid=$(setsid sh -c ${quote(runner(job))} provision ${dir} 2>>err &)
    [ -n "$pid" ] || refuse "$(cat err)"
  fi
else
  take_script /dev/null
  until [ -e start ] || flock -n 8; do sleep 0.1 2>/dev/null || sleep 1; done
fi
exec 8>&-
read -r nonce <nonce
mark ATTACHED "$nonce"
${follow(at.offsetBytes)}
if [ -e exit ]; then
  tail -c 262144 err >&2
  mark VERDICT
  word=; read -r word
  if [ "$word" = read ]; then cd /; rm -rf ${dir}; rmdir ${runFolder(job.run)} 2>/dev/null; fi
else mark DIED; fi
exit 0`
}

/**
 * Sends \`out\` until the runner's lock is free. GNU tail waits for bytes and for the end of a process: of one that
 * waits for the lock, and that is a child of ours, so that it never stays behind as a zombie nor gets mistaken for
 * another.
 */
function follow(offsetBytes: number): string {
  return `if tail --help 2>&1 | grep -q -- --pid; then
  flock -s lock true & waiter=$!
  tail -c +${offsetBytes + 1} -s 0.1 --pid="$waiter" -f out 2>/dev/null
else
  at=${offsetBytes}
  while :; do
    ended=; flock -n -s lock true && ended=1
    size=$(wc -c <out); size=$((size))
    if [ "$size" -gt "$at" ]; then tail -c +$((at + 1)) out | head -c $((size - at)) || break; at=$size
    elif [ -n "$ended" ]; then break
    else sleep 0.2 2>/dev/null || sleep 1; fi
  done
fi`
}

/** Ends a job and everything it started: TERM, and KILL when that was not enough. */
export function killStage(job: Job, termSeconds: number): string {
  return `cd ${jobFolder(job.run, job.name)} || exit 0
read -r pid rest <start || exit 0
flock -n lock true && exit 0
kill -TERM "-$pid"
i=0
until flock -n lock true || [ $i -ge ${termSeconds} ]; do i=$((i + 1)); sleep 1; done
i=0
while kill -KILL "-$pid" 2>/dev/null && [ $i -lt 20 ]; do i=$((i + 1)); sleep 0.1 2>/dev/null || sleep 1; done
exit 0`
}
