import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { FailedError } from '../../core/errors.ts'
import { type Cache, fromCache, type Recipe } from '../cache.ts'
import { debianMirror, keyringFor, sourceLine } from '../debian/archive.ts'
import { ensurePackages } from '../debian/packages.ts'
import { privateApt } from '../debian/private-apt.ts'
import { must } from '../local/command.ts'
import type { Task } from '../task.ts'
import { configLines, KERNEL_OPTIONS, unmetOptions } from './kernel-options.ts'

/**
 * The source, not a packaged kernel: those of bookworm and trixie die at init on processors with large register state,
 * and forky's lacks the nf_tables address families that kube-proxy needs.
 */
const SOURCE = { suite: 'forky', package: 'linux-source-7.2' } as const
const BUILD_PACKAGES = ['build-essential', 'bc', 'bison', 'flex', 'kmod', 'xz-utils']
const BUILD_DEADLINE_MS = 80 * 60_000

export const KERNEL_RECIPE: Recipe = {
  kind: 'uml-kernel',
  title: 'Compile the lab kernel (user-mode Linux)',
  inputs: { ...SOURCE, options: configLines(KERNEL_OPTIONS), layout: 1 },
}

export interface UmlKernel {
  /** The kernel: an ordinary program. */
  readonly program: string
  /** Tar archive of `lib/modules/VERSION`. */
  readonly modules: string
  /** As `uname -r` prints it. */
  readonly version: string
}

export async function umlKernel(cache: Cache): Promise<UmlKernel> {
  const folder = await fromCache(cache, KERNEL_RECIPE, async (part, task) => {
    await ensurePackages(BUILD_PACKAGES, cache.report)
    const work = join(part, 'work')
    await mkdir(work)
    const tree = await fetchSource(work, task)
    await configure(tree)
    await compile(tree, part, task)
    await rm(work, { recursive: true, force: true })
  })
  const version = (await readFile(join(folder, 'version'), 'utf8')).trim()
  return { program: join(folder, 'linux'), modules: join(folder, 'modules.tar'), version }
}

async function fetchSource(work: string, task: Task): Promise<string> {
  const mirror = await debianMirror()
  task.line(`fetching ${SOURCE.package} of Debian ${SOURCE.suite}`)
  const keyring = await keyringFor(work, mirror, SOURCE.suite)
  const get = await privateApt(work, [sourceLine(mirror, SOURCE.suite, keyring)])
  await get(['download', SOURCE.package], task.line)
  const tree = join(work, 'tree')
  await mkdir(tree)
  const unpack = `dpkg-deb --fsys-tarfile ${SOURCE.package}_*.deb | tar -xf - --wildcards '*/linux-source-*.tar.xz'
tar -C tree --strip-components=1 -xf usr/src/${SOURCE.package}.tar.xz`
  task.line('unpacking the kernel source')
  await must(['sh', '-ec', unpack], { cwd: work, deadlineMs: 10 * 60_000 })
  return tree
}

async function configure(tree: string): Promise<void> {
  const options = { cwd: tree, deadlineMs: 10 * 60_000 }
  await must(['make', 'ARCH=um', 'defconfig'], options)
  const path = join(tree, '.config')
  const asked = `${await readFile(path, 'utf8')}${configLines(KERNEL_OPTIONS)}`
  await writeFile(path, asked)
  await must(['make', 'ARCH=um', 'olddefconfig'], options)
  const unmet = unmetOptions(KERNEL_OPTIONS, await readFile(path, 'utf8'))
  if (unmet.length === 0) return
  throw new FailedError({
    what: `the lab kernel cannot be configured as wanted: ${unmet.join('; ')}`,
    where: 'src/lab/uml/kernel-options.ts',
    why: `${SOURCE.package} names these options differently or needs others for them`,
    fix: 'mend the list: an option that another one turns off, or that became a module, must be listed so',
  })
}

async function compile(tree: string, part: string, task: Task): Promise<void> {
  const options = { cwd: tree, deadlineMs: BUILD_DEADLINE_MS, log: join(part, 'build.log'), onLine: task.line }
  await must(['make', 'ARCH=um', `-j${availableParallelism() + 1}`], options)
  await must(['strip', '--strip-unneeded', '-o', join(part, 'linux'), 'linux'], options)
  const stage = join(part, 'work', 'stage')
  await must(['make', 'ARCH=um', `INSTALL_MOD_PATH=${stage}`, 'INSTALL_MOD_STRIP=1', 'modules_install'], options)
  await must(['tar', '-C', stage, '--owner=0', '--group=0', '-cf', join(part, 'modules.tar'), 'lib/modules'], options)
  await writeFile(join(part, 'version'), await must(['make', '-s', 'ARCH=um', 'kernelrelease'], options))
  await copyFile(join(tree, '.config'), join(part, 'config'))
}
