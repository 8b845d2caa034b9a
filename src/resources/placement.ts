import { argv, quote } from '../core/quote.ts'
import { draftOf, folderOf, nameOf } from '../facts/host-path.ts'
import { type Ownership, ownerScript, ownershipScript } from './ownership.ts'

/** A file as it is to be put in place. */
export interface Placement extends Ownership {
  readonly path: string
  readonly sha256: string
  /** Something is mounted at the path: it can only be written in place. */
  readonly inPlace: boolean
  /** Checks the new version before it counts; `{}` stands for its path. Status 0 means good. */
  readonly validate?: readonly string[]
}

/**
 * Shell that goes to the folder of a path and stays there: what follows uses names relative to it, so that nobody can
 * swap a folder above for a link while we write. The folder itself must be root's alone.
 */
export function enterFolder(path: string): string {
  const folder = quote(folderOf(path))
  const say = (text: string) => `{ printf '%s\\n' ${quote(text)}; exit 1; }`
  return `cd -P -- ${folder} 2>/dev/null || ${say(`the folder ${folderOf(path)} is not there: a directory resource must make it first`)}
[ "$PWD" = ${folder} ] || ${say(`${folderOf(path)} is reached through a symbolic link: name the real folder instead`)}
[ -O . ] || ${say(`${folderOf(path)} belongs to another user, who could change what we write there`)}
case "$(stat -c %a .)" in *[2367]) ${say(`${folderOf(path)} can be written by everybody: chmod o-w it first`)} ;; esac`
}

/**
 * Puts a staged blob in place: written beside the path under a name only root can make, checked against its digest,
 * given its owner and mode, made durable, checked by its own program, and only then renamed.
 */
export function placeScript(want: Placement): string {
  return want.inPlace ? writeInPlaceScript(want) : renameScript(want)
}

function renameScript({ path, sha256, validate, ...owned }: Placement): string {
  const draft = `./${quote(nameOf(draftOf(path)))}`
  const name = `./${quote(nameOf(path))}`
  const check = validate
    ? `${argv(validate.map((word) => word.replaceAll('{}', draftOf(path))))} || fail 'its own check refuses the new version'`
    : ':'
  return `${enterFolder(path)}
fail() { rm -f -- ${draft}; printf '%s\\n' "$1"; exit 1; }
${clear(draft)}
set -C
umask ${umaskOf(owned.mode)}
cat -- "$(blob ${sha256})" >${draft} || fail 'could not write the new version'
umask 077
set +C
case "$(sha256sum <${draft})" in ${sha256}*) ;; *) fail 'the new version did not arrive intact' ;; esac
{ ${umaskDoes(owned.mode) ? ownerScript(owned, draft) : ownershipScript(owned, draft)}; } || fail 'could not set owner and mode'
${check}
sync -- ${draft} 2>/dev/null || sync
if [ -d ${name} ] && [ ! -h ${name} ]; then fail 'a folder is in the way'; fi
mv -f -T -- ${draft} ${name} || fail 'could not rename the new version into place'
${relabel(path)}
sync -- . 2>/dev/null || sync`
}

/** Takes away what an interrupted run left. Starts a program only when there is something. */
export function clear(draft: string): string {
  return `{ [ ! -e ${draft} ] && [ ! -h ${draft} ]; } || rm -f -- ${draft}`
}

/** A new file can get its mode when it is made, unless it is one that is executable or has a special bit. */
function umaskDoes(mode: string): boolean {
  return (Number.parseInt(mode, 8) & ~0o666) === 0
}

function umaskOf(mode: string): string {
  if (!umaskDoes(mode)) return '077'
  return (0o666 & ~Number.parseInt(mode, 8)).toString(8).padStart(3, '0')
}

function writeInPlaceScript({ path, sha256, ...owned }: Placement): string {
  const name = `./${quote(nameOf(path))}`
  return `${enterFolder(path)}
[ -f ${name} ] && [ ! -h ${name} ] || { printf '%s\\n' 'what is mounted there is not a regular file'; exit 1; }
cat -- "$(blob ${sha256})" >${name} &&
case "$(sha256sum <${name})" in ${sha256}*) ;; *) printf '%s\\n' 'the new content did not arrive intact'; exit 1 ;; esac
${ownershipScript(owned, name)} || exit
sync -- ${name} 2>/dev/null || sync`
}

/** Gives a new name the label that the security module's policy has for it, where there is one. */
export function relabel(path: string): string {
  return `[ ! -e /sys/fs/selinux/enforce ] || ! command -v restorecon >/dev/null || restorecon -- ${quote(path)}`
}
