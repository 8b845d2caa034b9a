import { InputError } from '../core/errors.ts'

/**
 * A path on a host that our scripts and answers can carry: absolute, without `.`, `..`, `//` or a slash at the end, and
 * without control characters or backslashes, which the line-shaped answers of coreutils would mangle.
 * @throws InputError
 */
export function hostPath(path: string): string {
  const reason = whyNot(path)
  if (reason === undefined) return path
  throw new InputError({
    what: `${JSON.stringify(path)} is not a path we can manage on a host: ${reason}`,
    fix: 'name the file by its full path, e.g. /etc/motd',
  })
}

function whyNot(path: string): string | undefined {
  if (!path.startsWith('/')) return 'it does not begin with /'
  if (/[\x00-\x1f\x7f\\]/.test(path)) return 'it holds a control character or a backslash'
  if (path === '/') return 'it is the root folder'
  if (path.length > 4000) return 'it is too long'
  if (
    path
      .slice(1)
      .split('/')
      .some((part) => part === '' || part === '.' || part === '..' || Buffer.byteLength(part) > 200)
  )
    return 'one of its parts is empty, ".", ".." or longer than 200 bytes'
  return undefined
}

/** `/etc/x` is in `/etc`. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

/** `/etc/x` is called `x`. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Where a new version of a file waits until it is complete: beside it, so that putting it in place is one rename. */
export function draftOf(path: string): string {
  const folder = folderOf(path)
  return `${folder === '/' ? '' : folder}/.${nameOf(path)}.provision`
}
