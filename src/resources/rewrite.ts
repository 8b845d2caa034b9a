import { quote } from '../core/quote.ts'
import { draftOf, nameOf } from '../facts/host-path.ts'
import { clear, enterFolder, relabel } from './placement.ts'

export interface Rewrite {
  readonly path: string
  /** Shell that reads the old text on stdin and prints the new one. */
  readonly filter: string
  /** Something is mounted at the path: it can only be written in place. */
  readonly inPlace: boolean
}

/**
 * Shell that changes a file others own too, on the host, from what it is at that moment. Keeps mode and owner; a file
 * that is not there becomes one that all may read. A reader sees the old or the new text, never half of one.
 */
export function rewriteScript({ path, filter, inPlace }: Rewrite): string {
  const draft = `./${quote(nameOf(draftOf(path)))}`
  const name = `./${quote(nameOf(path))}`
  const replace = inPlace
    ? `cat -- ${draft} >${name} && rm -f -- ${draft}`
    : `chown -- "$owner" ${draft} && chmod -- "$mode" ${draft} && { sync -- ${draft} 2>/dev/null || sync; } && mv -f -T -- ${draft} ${name}`
  return `${enterFolder(path)}
fail() { rm -f -- ${draft}; printf '%s\\n' "$1"; exit 1; }
filter() {
${filter}
}
${clear(draft)}
if [ -e ${name} ]; then
  [ -f ${name} ] && [ ! -h ${name} ] || fail 'not a regular file'
  owner=$(stat -c %u:%g -- ${name}) mode=$(stat -c %a -- ${name})
  set -C
  filter <${name} >${draft} || fail 'could not write the new version'
else
  owner=0:0 mode=0644
  set -C
  filter </dev/null >${draft} || fail 'could not write the new version'
fi
set +C
${replace} || fail 'could not put the new version in place'
${relabel(path)}
sync -- . 2>/dev/null || sync`
}
