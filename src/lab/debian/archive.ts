import { join } from 'node:path'
import { FailedError } from '../../core/errors.ts'
import { must } from '../local/command.ts'
import { privateApt } from './private-apt.ts'

/** The Debian archive as this machine's own apt configuration reaches it. No mirror is named in this program. */
export interface Archive {
  /** Base address of the mirror, without a slash at its end. */
  readonly uri: string
  readonly architecture: string
  readonly suite: string
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Reads the mirror from `apt-get indextargets`, which knows every format sources can be written in. */
export async function debianMirror(): Promise<Archive> {
  const format = '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(CODENAME)|$(ARCHITECTURE)|$(REPO_URI)'
  const text = await must(['apt-get', 'indextargets', '--format', format, 'Created-By: Packages'], {
    deadlineMs: 30_000,
  })
  const found = parseMirror(text)
  if (found) return found
  throw new FailedError({
    what: 'this machine has no Debian archive in its apt configuration',
    where: '/etc/apt',
    why: 'the lab makes its machines from Debian packages, from the mirror this machine itself uses',
    fix: 'add Debian sources and run: apt-get update',
  })
}

/** The first index of Debian's own main component; security and third-party archives have another label or origin. */
export function parseMirror(text: string): Archive | undefined {
  for (const line of text.split('\n')) {
    const [origin, label, component, suite, architecture, uri] = line.split('|')
    if (origin === 'Debian' && label === 'Debian' && component === 'main' && suite && architecture && uri) {
      return { uri: uri.replace(/\/+$/, ''), architecture, suite: suite.replace(/-(updates|backports)$/, '') }
    }
  }
  return undefined
}

/** One line of sources.list for another suite of the same archive. */
export function sourceLine(archive: Pick<Archive, 'uri'>, suite: string, keyring: string): string {
  return `deb [signed-by=${keyring}] ${archive.uri} ${suite} main`
}

/**
 * A keyring that signs for `suite`. The machine's own may be older than the suite; its own suite then has a newer one,
 * signed by the old keys.
 */
export async function keyringFor(
  folder: string,
  archive: Archive,
  suite: string,
  keyring: string = KEYRING,
): Promise<string> {
  const tryOut = join(folder, 'keyring')
  try {
    await privateApt(tryOut, [sourceLine(archive, suite, keyring)])
    return keyring
  } catch (error) {
    if (!(error instanceof FailedError) || !/NO_PUBKEY|not signed/.test(error.trouble.why ?? '')) throw error
  }
  const get = await privateApt(tryOut, [sourceLine(archive, archive.suite, keyring)])
  await get(['download', 'debian-archive-keyring'])
  await must(['sh', '-c', 'dpkg-deb -x debian-archive-keyring_*.deb tree'], { cwd: tryOut, deadlineMs: 60_000 })
  return join(tryOut, 'tree', KEYRING)
}
