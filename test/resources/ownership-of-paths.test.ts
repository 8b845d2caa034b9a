import { describe, expect, test } from 'vitest'
import { later } from '../../src/core/later.ts'
import { compile, play, section } from '../../src/core/play.ts'
import type { Resource } from '../../src/core/resource.ts'
import { Value } from '../../src/core/value.ts'
import { directory } from '../../src/resources/directory.ts'
import { file } from '../../src/resources/file.ts'
import { fsyncRecord } from '../../src/resources/fsync-record.ts'
import { kernelModules } from '../../src/resources/kernel-modules.ts'
import { lines } from '../../src/resources/lines.ts'
import { link } from '../../src/resources/link.ts'
import { sysctls } from '../../src/resources/sysctls.ts'
import { ARTIFACT_MAKERS } from '../support/case-makers.ts'

const compiled = (one: Resource, two: Resource) =>
  compile(play('p', [section('One', 'one', () => [one]), section('Two', 'two', () => [two])]), { name: 'h' })

const plain = (path: string) => file({ path, content: 'x' })
const block = (name: string) => lines({ path: '/etc/hosts', name, lines: ['x'] })
const unpacked = () => ARTIFACT_MAKERS.archive({ destination: '/opt/x' })
const modules = kernelModules({ file: '/etc/modules-load.d/x.conf', modules: ['overlay'] })
const settings = sysctls({ file: '/etc/sysctl.d/x.conf', values: { 'net.ipv4.ip_forward': 1 } })

describe('one path of a host', () => {
  test.each<[string, Resource, Resource]>([
    ['a file and a link', plain('/etc/x'), link({ path: '/etc/x', target: 'y' })],
    ['a folder and a file', directory({ path: '/etc/x' }), plain('/etc/x')],
    ['a file of settings and a file', settings, plain('/etc/sysctl.d/x.conf')],
    [
      'a list of modules and a file that is not to be',
      modules,
      file({ path: '/etc/modules-load.d/x.conf', absent: true }),
    ],
    ['a file and lines in it', plain('/etc/hosts'), block('nodes')],
    ['lines of a file and the file', block('nodes'), plain('/etc/hosts')],
    ['an archive and a file in the place of its folder', unpacked(), plain('/opt/x')],
    [
      'a link and a file that is still being made',
      link({ path: '/usr/local/bin/x', target: 'y' }),
      later('file:/usr/local/bin/x', new Value('the build', new Promise<string>(() => {})), plain),
    ],
  ])('has one owner: %s', (_name, one, two) => {
    const says = `${one.key} has two owners: "One" and ${two.key} in "Two"`
    expect(() => compiled(one, two)).toThrow(says)
  })
  test.each<[string, Resource, Resource]>([
    ['a folder and a file in it', directory({ path: '/etc/x' }), plain('/etc/x/y')],
    ['a folder and an archive unpacked in it', directory({ path: '/opt/x' }), unpacked()],
    ['two blocks of lines in one file', block('nodes'), block('mirrors')],
    [
      'a folder and a figure about it',
      directory({ path: '/var/lib/etcd' }),
      fsyncRecord({ folder: '/var/lib/etcd', limitMs: 10 }),
    ],
    ['a file whose name looks like a part', plain('/etc/x'), plain('/etc/x#y')],
  ])('is not disputed by %s', (_name, one, two) => {
    const needed = { ...two, after: [] }
    expect(compiled(one, needed).resources).toHaveLength(2)
  })
})
