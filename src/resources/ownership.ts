import type { Change } from '../core/change.ts'
import { InputError } from '../core/errors.ts'
import { quote } from '../core/quote.ts'
import type { Entry, Identity } from '../facts/path.ts'

/** Who may do what with a file or folder. */
export interface Ownership {
  /** Four octal digits, e.g. `0644`. */
  readonly mode: string
  /** A name, or a number in digits. */
  readonly owner: string
  readonly group: string
}

/** What a playbook may leave out. */
export type OwnershipWant = Partial<Ownership>

/** @throws InputError for a mode that is not octal, or a name no host could have. */
export function ownership(path: string, want: OwnershipWant, defaultMode: string): Ownership {
  const mode = want.mode ?? defaultMode
  if (!/^[0-7]{3,4}$/.test(mode))
    throw new InputError({
      what: `${path}: mode ${JSON.stringify(mode)} is not three or four octal digits`,
      fix: "write it as text, e.g. '0644'",
    })
  return {
    mode: mode.padStart(4, '0'),
    owner: accountName(path, want.owner ?? 'root'),
    group: accountName(path, want.group ?? 'root'),
  }
}

/** @throws InputError */
export function accountName(where: string, name: string): string {
  if (/^(?:[a-z_][a-z0-9_.-]{0,30}\$?|\d{1,10})$/i.test(name)) return name
  throw new InputError({
    what: `${where}: ${JSON.stringify(name)} is not a name a user or group can have`,
    fix: 'use letters, digits, "_", "-" and ".", beginning with a letter or "_"',
  })
}

export function ownershipChanges(want: Ownership, have: Entry): readonly Change[] {
  const changes: Change[] = []
  if (have.mode !== want.mode && have.kind !== 'link') changes.push({ what: 'mode', from: have.mode, to: want.mode })
  if (!isCalled(have.owner, want.owner)) changes.push({ what: 'owner', from: shown(have.owner), to: want.owner })
  if (!isCalled(have.group, want.group)) changes.push({ what: 'group', from: shown(have.group), to: want.group })
  return changes
}

/** Shell that gives a name in the current folder its owner and mode. The owner first: changing it clears setuid bits. */
export function ownershipScript({ mode, owner, group }: Ownership, word: string): string {
  return `${ownerScript({ owner, group }, word)} && chmod -- ${quote(mode)} ${word}`
}

/** What root makes is root's already, but for the group in a setgid folder: then no program need be started. */
export function ownerScript({ owner, group }: Omit<Ownership, 'mode'>, word: string): string {
  const chown = `chown -h -- ${quote(`${owner}:${group}`)} ${word}`
  return owner === 'root' && group === 'root' ? `{ { [ -O ${word} ] && [ -G ${word} ]; } || ${chown}; }` : chown
}

function isCalled(have: Identity, want: string): boolean {
  return /^\d+$/.test(want) ? have.id === Number(want) : have.name === want
}

function shown({ id, name }: Identity): string {
  return name ?? String(id)
}
