import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { must } from '../local/command.ts'

/** Runs apt-get in the folder of a private apt. */
export type PrivateApt = (args: readonly string[], onLine?: (line: string) => void) => Promise<string>

const APT_DEADLINE_MS = 15 * 60_000

/**
 * An apt of its own: the machine's sources, lists, preferences and installed packages are neither read nor changed.
 * @param lines of its sources.list
 */
export async function privateApt(folder: string, lines: readonly string[]): Promise<PrivateApt> {
  const apt = join(folder, 'apt')
  for (const part of ['lists/partial', 'archives/partial', 'parts']) await mkdir(join(apt, part), { recursive: true })
  await writeFile(join(apt, 'sources.list'), `${lines.join('\n')}\n`)
  await writeFile(join(apt, 'status'), '')
  await writeFile(join(apt, 'apt.conf'), aptConfiguration(apt))
  const get: PrivateApt = (args, onLine) =>
    must(['apt-get', ...args], {
      deadlineMs: APT_DEADLINE_MS,
      cwd: folder,
      env: { APT_CONFIG: join(apt, 'apt.conf') },
      ...(onLine ? { onLine } : {}),
    })
  await get(['update'])
  return get
}

function aptConfiguration(apt: string): string {
  return [
    `Dir::Etc::SourceList "${apt}/sources.list";`,
    `Dir::Etc::SourceParts "${apt}/parts";`,
    `Dir::Etc::Preferences "${apt}/parts/none";`,
    `Dir::Etc::PreferencesParts "${apt}/parts";`,
    `Dir::State::Lists "${apt}/lists";`,
    `Dir::Cache "${apt}";`,
    `Dir::State::status "${apt}/status";`,
    'APT::Sandbox::User "root";',
    'APT::Get::List-Cleanup "false";',
    'Acquire::Languages "none";',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
    'Acquire::Retries "3";',
    '',
  ].join('\n')
}
