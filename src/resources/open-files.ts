import type { Change } from '../core/change.ts'
import { InputError } from '../core/errors.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { type ManagerLimit, managerLimitProbe } from '../facts/manager-limit.ts'
import { pathProbe } from '../facts/path.ts'
import { blobOf } from './blob.ts'
import {
  type OwnedFile,
  type OwnedFileState,
  observeOwnedFile,
  ownedFileChanges,
  ownedFileProbes,
  ownedFileSteps,
} from './owned-file.ts'

export interface OpenFilesWant {
  /** How many files one process may have open: services (systemd) and logins (pam_limits) alike. */
  readonly count: number
}

interface Have {
  readonly missing: readonly string[]
  readonly services: OwnedFileState
  readonly logins: OwnedFileState
  readonly running: ManagerLimit
}

const SERVICES_FOLDER = '/etc/systemd/system.conf.d'
const LOGINS_FOLDER = '/etc/security/limits.d'
/** They belong to their packages, which do not always make them. */
const FOLDERS = [SERVICES_FOLDER, LOGINS_FOLDER]

/** The limit on open files, for services and for logins. What runs already keeps its own until it is restarted. */
export function openFiles(want: OpenFilesWant, options?: ResourceOptions): Resource {
  if (!Number.isInteger(want.count) || want.count < 1024 || want.count > 1_073_741_816)
    throw new InputError({
      what: `${want.count} open files: a whole number from 1024 to 1073741816 is wanted`,
      fix: 'set kernel.openFiles, e.g. 1048576',
    })
  return resource(openFilesType, want, { title: 'open-file limits', ...options })
}

export const openFilesType: ResourceType<OpenFilesWant, Have> = {
  name: 'open-files',
  key: () => 'limits:open-files',
  paths: (want) => files(want).map(({ path }) => path),
  probes: (want) => [managerLimitProbe, ...FOLDERS.map(pathProbe), ...files(want).flatMap(ownedFileProbes)],
  observe(want, answers) {
    const [services, logins] = files(want).map((file) => observeOwnedFile(file, answers))
    if (!services || 'unknown' in services) return services ?? { unknown: '' }
    if (!logins || 'unknown' in logins) return logins ?? { unknown: '' }
    const missing = FOLDERS.filter((folder) => answers.get(pathProbe(folder)).kind === 'absent')
    return { missing, services, logins, running: answers.get(managerLimitProbe) }
  },
  diff(want, { missing, services, logins, running }): readonly Change[] {
    const wanted = String(want.count)
    const pending = [running.soft, running.hard].some((have) => have !== undefined && have !== wanted)
    const from = running.soft === running.hard ? `${running.hard}` : `${running.soft} (up to ${running.hard})`
    return [
      ...missing.map((folder) => ({ what: folder, from: 'absent', to: '0755 root:root' })),
      ...named(servicesFile(want), services),
      ...named(loginsFile(want), logins),
      ...(pending ? [{ what: 'services started from now on', from, to: wanted }] : []),
    ]
  },
  steps(want, have): readonly Step[] {
    const changes = openFilesType.diff(want, have)
    if (changes.length === 0) return []
    const reload: Step = {
      title: 'have systemd read its limits',
      // daemon-reload does not read system.conf in every version; this does, and no service notices.
      body: '[ ! -d /run/systemd/system ] || systemctl daemon-reexec',
    }
    return [
      ...have.missing.map((folder) => ({
        title: `make ${folder}`,
        body: `[ -d ${folder} ] || mkdir -m 0755 ${folder}`,
      })),
      ...ownedFileSteps(servicesFile(want), have.services),
      ...ownedFileSteps(loginsFile(want), have.logins),
      reload,
    ]
  },
  evidence: ({ count }) => String(count),
}

function named(file: OwnedFile, have: OwnedFileState): readonly Change[] {
  return ownedFileChanges(file, have).map((change) => ({ ...change, what: `${file.path} ${change.what}`.trim() }))
}

function files(want: OpenFilesWant): readonly OwnedFile[] {
  return [servicesFile(want), loginsFile(want)]
}

function servicesFile({ count }: OpenFilesWant): OwnedFile {
  return owned(`${SERVICES_FOLDER}/50-provision.conf`, `[Manager]\nDefaultLimitNOFILE=${count}\n`)
}

function loginsFile({ count }: OpenFilesWant): OwnedFile {
  // `*` does not cover root.
  return owned(`${LOGINS_FOLDER}/50-provision.conf`, `* - nofile ${count}\nroot - nofile ${count}\n`)
}

function owned(path: string, text: string): OwnedFile {
  const whole = `# Written by provision; changes made here are lost.\n${text}`
  return { path, blob: blobOf(path, whole), text: whole, mode: '0644', owner: 'root', group: 'root' }
}
