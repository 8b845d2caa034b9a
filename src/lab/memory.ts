import { readFile, statfs } from 'node:fs/promises'
import { InputError } from '../core/errors.ts'
import type { Machine, MachineSpec } from './machine.ts'

/** Where the memory of user-mode machines lives: in a file, and anywhere but in memory that would be as slow as a disk. */
export const SHARED = '/dev/shm'

/**
 * Asked before machines are made or started: a guest that touches memory nobody has is killed without a word. Running
 * machines of the lab may still touch all they were promised.
 * @throws InputError
 */
export async function requireMemory(starting: readonly MachineSpec[], running: readonly Machine[]): Promise<void> {
  const wanted = starting.filter(({ driver }) => driver !== 'container')
  if (wanted.length === 0) return
  const promised = await Promise.all(running.map(promisedMiB))
  const rooms = [{ name: 'this computer', freeMiB: await availableMiB() }]
  if (wanted.some(({ driver }) => driver === 'uml')) rooms.push({ name: SHARED, freeMiB: await sharedMiB() })
  const room = memoryShort({ wanted, promisedMiB: promised.reduce((sum, mib) => sum + mib, 0), rooms })
  if (room !== undefined) throw room
}

interface Balance {
  readonly wanted: readonly Pick<MachineSpec, 'memoryMiB'>[]
  readonly promisedMiB: number
  readonly rooms: readonly { readonly name: string; readonly freeMiB: number }[]
}

/** What is wrong when a room is too small for all together; nothing when all have enough. */
export function memoryShort({ wanted, promisedMiB, rooms }: Balance): InputError | undefined {
  const wantedMiB = wanted.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0)
  const tight = rooms.toSorted((a, b) => a.freeMiB - b.freeMiB)[0]
  if (tight === undefined || tight.freeMiB - promisedMiB >= wantedMiB) return undefined
  const freeMiB = Math.max(0, tight.freeMiB - promisedMiB)
  const asked = wanted.length === 1 ? 'the machine asks for' : `${wanted.length} machines together ask for`
  const fewer = wanted.length === 1 ? '' : ', or for fewer machines'
  const more = `mount -o remount,size=${(wantedMiB + promisedMiB) * 2}M ${SHARED}`
  return new InputError({
    what: `${asked} ${wantedMiB} MiB of memory, ${tight.name} has room for ${freeMiB} MiB`,
    where: 'this machine',
    why: promisedMiB > 0 ? `machines that run may still take ${promisedMiB} MiB` : 'it is in use',
    fix: `ask for less (lab.memory)${fewer}${tight.name === SHARED ? `, or enlarge it: ${more}` : ', or end other programs'}`,
  })
}

async function sharedMiB(): Promise<number> {
  const { bavail, bsize } = await statfs(SHARED)
  return Math.floor((bavail * bsize) / 2 ** 20)
}

async function availableMiB(): Promise<number> {
  return fieldMiB(await readFile('/proc/meminfo', 'utf8'), 'MemAvailable')
}

/** What the machine was promised and has not touched yet. */
async function promisedMiB({ spec, process }: Machine): Promise<number> {
  if (process === undefined) return 0
  const status = await readFile(`/proc/${process.pid}/status`, 'utf8').catch(() => '')
  return Math.max(0, spec.memoryMiB - fieldMiB(status, 'VmRSS'))
}

/** A field in kB of a file in /proc. */
function fieldMiB(text: string, name: string): number {
  return Math.floor(Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024)
}
