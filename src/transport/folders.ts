import { InputError } from '../core/errors.ts'

/** Everything provision keeps in memory on a host; root's alone, gone after a reboot. */
export const RUN_FOLDER = '/run/provision'

export const runFolder = (run: string): string => `${RUN_FOLDER}/${run}`

export const jobFolder = (run: string, job: string): string => `${runFolder(run)}/${job}`

/** Names become part of paths on the host. @throws InputError */
export function checkName(kind: 'run' | 'job', name: string): void {
  if (/^[a-z0-9-]{1,64}$/.test(name) && name !== 'blobs') return
  throw new InputError({
    what: `${JSON.stringify(name)} cannot name a ${kind}`,
    why: 'it becomes part of a path on the host',
    fix: 'use 1 to 64 of a-z, 0-9 and -',
  })
}
