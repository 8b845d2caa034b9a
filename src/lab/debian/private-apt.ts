import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { must } from '../local/command.ts'

/**
 * An apt of its own for one suite: the machine's sources, lists and preferences are neither read nor changed.
 * `installed` is a dpkg status file; an empty one makes apt resolve a package with all it depends on.
 */
export interface PrivateApt {
  /** Runs apt-get in `folder`. */
  get(args: readonly string[], onLine?: (line: string) => void): Promise<string>
  cache(args: readonly string[]): Promise<string>
}

const APT_DEADLINE_MS = 15 * 60_000

export async function privateApt(
  folder: string,
  lines: readonly string[],
  status: 'empty' | 'machine',
): Promise<PrivateApt> {
  const apt = join(folder, 'apt')
  for (const part of ['lists/partial', 'archives/partial', 'parts']) await mkdir(join(apt, part), { recursive: true })
  await writeFile(join(apt, 'sources.list'), `${lines.join('\n')}\n`)
  await writeFile(join(apt, 'status'), '')
  await writeFile(join(apt, 'apt.conf'), aptConfiguration(apt, status))
  const run = (program: string, args: readonly string[], onLine?: (line: string) => void) =>
    must([program, ...args], {
      deadlineMs: APT_DEADLINE_MS,
      cwd: folder,
      env: { APT_CONFIG: join(apt, 'apt.conf') },
      ...(onLine ? { onLine } : {}),
    })
  await run('apt-get', ['update'])
  return {
    get: (args, onLine) => run('apt-get', args, onLine),
    cache: (args) => run('apt-cache', args),
  }
}

function aptConfiguration(apt: string, status: 'empty' | 'machine'): string {
  return [
    `Dir::Etc::SourceList "${apt}/sources.list";`,
    `Dir::Etc::SourceParts "${apt}/parts";`,
    `Dir::Etc::Preferences "${apt}/parts/none";`,
    `Dir::Etc::PreferencesParts "${apt}/parts";`,
    `Dir::State::Lists "${apt}/lists";`,
    `Dir::Cache "${apt}";`,
    ...(status === 'empty' ? [`Dir::State::status "${apt}/status";`] : []),
    'APT::Sandbox::User "root";',
    'APT::Get::List-Cleanup "false";',
    'Acquire::Languages "none";',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
    'Acquire::Retries "3";',
    '',
  ].join('\n')
}
