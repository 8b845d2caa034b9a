import { describe, expect, test } from 'vitest'
import { explainValue } from '../../src/inventory/explain.ts'
import { complaint, inventoryWith, load } from './load.ts'

const layeredText = `name: lab
kubernetes: {version: "1.36.3"}
ssh: {user: top, port: 1001, connectTimeoutSeconds: 5}
kernel: {sysctl: {vm.swappiness: 1, vm.max_map_count: 2}, modules: [one, two]}
vars: {list: [1, 2], map: {a: 1, b: 2}}
groups:
  edge:
    hosts: [node2]
    ssh: {user: group, port: 1002}
    kernel: {sysctl: {vm.swappiness: 10}, modules: [three]}
    vars: {map: {c: 3}}
hosts:
  node1: {roles: [control-plane]}
  node2: {roles: [worker], ssh: {user: host}}
`

describe('the nearest layer wins, key by key', () => {
  test('defaults < top < groups < host', () => {
    const [node1, node2] = load(layeredText).hosts
    expect(node1?.ssh).toEqual({ user: 'top', port: 1001, connectTimeoutSeconds: 5 })
    expect(node2?.ssh).toEqual({ user: 'host', port: 1002, connectTimeoutSeconds: 5 })
    expect(node2?.kernel.openFiles).toBe(1_048_576)
  })

  test('maps of names merge, lists and variables are replaced whole', () => {
    const node2 = load(layeredText).hosts[1]
    expect(node2?.kernel.sysctl).toEqual({ 'vm.swappiness': 10, 'vm.max_map_count': 2 })
    expect(node2?.kernel.modules).toEqual(['three'])
    expect(node2?.vars).toEqual({ list: [1, 2], map: { c: 3 } })
  })

  test('--set wins over all, and for one host over that', () => {
    const [node1, node2] = load(layeredText, ['ssh.user=line', 'hosts.node2.ssh.user=only', 'ssh.port=22']).hosts
    expect([node1?.ssh.user, node2?.ssh.user]).toEqual(['line', 'only'])
    expect([node1?.ssh.port, node2?.ssh.port]).toEqual([22, 22])
  })

  test('a host settles what two groups disagree about', () => {
    const groups = 'groups: {a: {hosts: [node1], ssh: {port: 1}}, b: {hosts: [node1], ssh: {port: 2}}}'
    expect(complaint(inventoryWith(groups))).toContain(
      'group b sets ssh.port for host "node1", and group a sets it otherwise',
    )
    expect(load(inventoryWith(groups, '{roles: [control-plane], ssh: {port: 3}}')).hosts[0]?.ssh.port).toBe(3)
    expect(load(inventoryWith(groups), ['ssh.port=4']).hosts[0]?.ssh.port).toBe(4)
  })

  test('groups that agree are no conflict', () => {
    const groups = 'groups: {a: {hosts: [node1], ssh: {port: 1}}, b: {hosts: [node1], ssh: {port: 1}}}'
    expect(load(inventoryWith(groups)).hosts[0]).toMatchObject({ ssh: { port: 1 }, groups: ['a', 'b'] })
  })
})

describe('--set', () => {
  test('text needs no quotes of its own', () => {
    const inventory = load(layeredText, [
      'kubernetes.version=1.30.0',
      'name=true',
      'kernel.sysctl."net.core.somaxconn"=9',
    ])
    expect(inventory).toMatchObject({ name: 'true', kubernetes: { version: '1.30.0' } })
    expect(inventory.hosts[0]?.kernel.sysctl['net.core.somaxconn']).toBe(9)
  })

  test('lists, maps and new hosts', () => {
    const inventory = load(layeredText, ['hosts.node3={roles: [worker]}', 'kubernetes.certSANs=[a.example]'])
    expect(inventory.hosts.map((host) => host.name)).toEqual(['node1', 'node2', 'node3'])
    expect(inventory.kubernetes.certSANs).toEqual(['a.example'])
  })

  test('what is wrong with it is shown in it', () => {
    expect(
      complaint(layeredText, ['ssh.port=high', 'shh.port=1', 'nonsense', 'ssh.user', 'vars.x={', '__proto__.x=1']),
    ).toBe(
      `inventory.yaml has 6 problems, nothing was done

--set:1:10
  ssh.port is "high", but must be a port number from 1 to 65535
  1 | ssh.port=high
    |          ^^^^

--set:1:1
  unknown key "shh" at the top of an inventory
  1 | shh.port=1
    | ^^^^^^^^^^
  fix: did you mean "ssh"?

--set:1:1
  "nonsense" is no setting
  1 | nonsense
    | ^^^^^^^^
  fix: write PATH=VALUE, for instance  --set ssh.user=root ; a name with dots goes in quotes: kernel.sysctl."vm.swappiness"=10

--set:1:1
  "ssh.user" is no setting
  1 | ssh.user
    | ^^^^^^^^
  fix: write PATH=VALUE, for instance  --set ssh.user=root ; a name with dots goes in quotes: kernel.sysctl."vm.swappiness"=10

--set:1:8
  this { is never closed
  1 | vars.x={
    |        ^
  fix: write } where it ends; what stands between must be indented

--set:1:1
  "__proto__" cannot be a name here
  1 | __proto__.x=1
    | ^^^^^^^^^^^^^
  fix: choose another name`,
    )
  })

  test('a secret in it is refused and not shown', () => {
    for (const set of [
      'become.password=canary',
      'become={password: canary}',
      'ssh.password="canary"',
      'become.password={canary}',
      'become.password={env: A, other: canary}',
    ]) {
      const text = complaint(layeredText, [set])
      expect(text).toContain('password')
      expect(text).not.toContain('canary')
    }
  })
})

describe('explainValue', () => {
  const inventory = load(layeredText, ['ssh.connectTimeoutSeconds=9'])
  const explain = (host: string, path: string) => {
    const { value, from, overridden } = explainValue(inventory, host, path)
    return [
      value,
      from && `${from.layer} ${from.where}`,
      ...overridden.map((origin) => `${origin.layer} ${origin.where}`),
    ]
  }

  test('names the place of a value, and of those it won over', () => {
    expect(explain('node2', 'ssh.user')).toEqual([
      'host',
      'host inventory.yaml:14:40',
      'group edge inventory.yaml:9:17',
      'top inventory.yaml:3:13',
    ])
    expect(explain('node2', 'kernel.sysctl."vm.swappiness"')).toEqual([
      10,
      'group edge inventory.yaml:10:38',
      'top inventory.yaml:4:34',
    ])
    expect(explain('node1', 'ssh.connectTimeoutSeconds')).toEqual([
      9,
      '--set --set ssh.connectTimeoutSeconds=9',
      'top inventory.yaml:3:53',
    ])
    expect(explain('node1', 'roles')).toEqual([['control-plane'], 'host inventory.yaml:13:18'])
    expect(explain('', 'kubernetes.version')).toEqual(['1.36.3', 'top inventory.yaml:2:23'])
  })

  test('a default comes from nowhere', () => {
    expect(explain('node1', 'verify.etcdFsyncP99Ms')).toEqual([10, undefined])
    expect(explainValue(inventory, 'node1', 'verify.etcdFsyncP99Ms').description).toContain('fsync')
    expect(explain('', 'kubernetes.podSubnet')).toEqual(['10.244.0.0/16', undefined])
  })

  test('part of a value comes from where the value comes from', () => {
    expect(explain('node1', 'vars.map.b')).toEqual([2, 'top inventory.yaml:5:27'])
  })

  test('what does not exist is refused with a suggestion', () => {
    expect(() => explainValue(inventory, 'node9', 'ssh.user')).toThrow('no host is called "node9"')
    expect(() => explainValue(inventory, 'node1', 'ssh.usr')).toThrow('an inventory has no "ssh.usr" for host node1')
  })

  test('what holds for the whole cluster holds for a host of it', () => {
    expect(explain('node1', 'kubernetes.version')).toEqual(explain('', 'kubernetes.version'))
  })

  test.each([
    ['ssh.prot', 'did you mean "ssh.port"?'],
    ['kubernetes.versio', 'did you mean "kubernetes.version"?'],
    ['ssh.zzzzzzzz', 'known below ssh: user, port, '],
    ['quite.different', 'known: address, '],
    ['ssh.port.x', 'there is nothing below ssh.port'],
  ])('%s is answered with what there is', (path, fix) => {
    const refused = expect.objectContaining({ trouble: expect.objectContaining({ fix: expect.stringContaining(fix) }) })
    expect(() => explainValue(inventory, 'node1', path)).toThrow(refused)
  })
})

describe('what comes out', () => {
  test('is frozen all the way down', () => {
    const inventory = load(layeredText)
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      expect(Object.isFrozen(value)).toBe(true)
      if (!(value instanceof Map)) for (const inner of Object.values(value)) walk(inner)
    }
    walk(inventory)
  })

  test('has paths of this machine resolved', () => {
    const lines = 'ssh: {identityFile: ~/.ssh/a, knownHostsFile: keys/known}\nartifacts: {source: {bundle: ../b.tar}}'
    const inventory = load(inventoryWith(lines), [], 'sites/berlin/inventory.yaml')
    expect(inventory.hosts[0]?.ssh).toMatchObject({
      identityFile: '/home/me/.ssh/a',
      knownHostsFile: 'sites/berlin/keys/known',
    })
    expect(inventory.artifacts.source).toEqual({ bundle: 'sites/b.tar' })
  })

  test('leaves keys out that nobody set', () => {
    const [host] = load(inventoryWith('')).hosts
    expect(Object.keys(host ?? {}).sort()).toEqual(
      [
        'accept',
        'become',
        'groups',
        'kernel',
        'kubelet',
        'labels',
        'name',
        'roles',
        'ssh',
        'taints',
        'vars',
        'verify',
      ].sort(),
    )
    expect(host?.ssh).toEqual({})
  })

  test('taints are taken apart', () => {
    const [host] = load(inventoryWith('taints: ["a=b:NoSchedule", "c:NoExecute", "d=:PreferNoSchedule"]')).hosts
    expect(host?.taints).toEqual([
      { key: 'a', value: 'b', effect: 'NoSchedule' },
      { key: 'c', effect: 'NoExecute' },
      { key: 'd', value: '', effect: 'PreferNoSchedule' },
    ])
  })

  test('a lab at the top makes every host a lab machine, also an empty one', () => {
    expect(load(inventoryWith('lab: {}')).hosts[0]?.lab).toEqual({
      driver: 'auto',
      memoryMiB: 5120,
      lan: { mtu: 1500 },
      diskMiB: 20_480,
    })
    expect(
      load(inventoryWith('lab: {memory: 1G}', '{roles: [control-plane], lab: {disk: 512M}}')).hosts[0]?.lab,
    ).toMatchObject({ memoryMiB: 1024, diskMiB: 512 })
  })

  test('aliases and merge keys are written out', () => {
    const text =
      'name: lab\nkubernetes: {version: "1.36.3"}\nhosts:\n  a: &a {roles: [control-plane], labels: {x: "1"}}\n  b: {<<: *a, roles: [worker]}\n  c: {roles: [worker], labels: *none}\n'
    expect(complaint(text)).toContain('this *alias refers to nothing')
    expect(load(text.replace('*none', '{}')).hosts.map((host) => [host.roles, host.labels])).toEqual([
      [['control-plane'], { x: '1' }],
      [['worker'], { x: '1' }],
      [['worker'], {}],
    ])
  })
})
