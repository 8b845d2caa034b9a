import { GenericContainer } from 'testcontainers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { containerShape } from '../../../src/lab/container/image.ts'
import { command } from '../../../src/lab/local/command.ts'
import type { Machine } from '../../../src/lab/machine.ts'
import { CACHE_DIR, outputOf, small, type TestLab, testLab } from '../../support/test-lab.ts'

// Its reaper is an image of its own that would have to be pulled; only the word `true` turns it off.
process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'

const READY = 'test "$(systemctl is-system-running --wait)" = running'

describe('a container machine', () => {
  let lab: TestLab
  let machine: Machine

  beforeAll(async () => {
    lab = await testLab('container-test')
    machine = (await lab.open().up([small('one', 'container')]))[0] as Machine
    await lab.until('one', READY, 60_000)
  })
  afterAll(() => lab.remove())

  it('runs systemd without a failed unit, with the ids it was given', async () => {
    expect(await lab.ask('one', 'hostname; cat /proc/1/comm; systemctl --failed --no-legend --plain')).toBe(
      'one\nsystemd',
    )
    expect(await lab.ask('one', 'cat /etc/machine-id')).toMatch(/^[0-9a-f]{32}$/)
  })

  it('lets in root and ops, who may become root, and shows the host key we made', async () => {
    expect((await lab.on('one', 'id -un; sudo -n id -u', 'ops')).stdout).toBe('ops\n0\n')
    const key = await lab.ask('one', 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')
    expect(key.split(' ')[1]).toBe(machine.hostKey)
  })

  it('publishes no port and has no added capability', async () => {
    const format = '{{json .HostConfig.PortBindings}} {{json .HostConfig.CapAdd}} {{.HostConfig.Privileged}}'
    const text = await outputOf('docker', 'inspect', '--format', format, machine.container ?? '')
    expect(text.trim()).toBe('{} null false')
  })

  it('keeps its file system over a stop, found again by another run', async () => {
    await lab.ask('one', 'echo kept > /root/state')
    await command(['docker', 'kill', machine.container ?? ''], { deadlineMs: 20_000 })
    expect((await lab.open().list())[0]?.running).toBe(false)
    await lab.open().up([small('one', 'container')])
    expect(await lab.ask('one', 'cat /root/state')).toBe('kept')
  })

  it('goes back to a snapshot', async () => {
    await lab.open().snapshot('clean')
    await lab.ask('one', 'echo lost > /root/state')
    await lab.open().restore('clean')
    expect(await lab.ask('one', 'cat /root/state')).toBe('kept')
  })

  it('can be had from testcontainers with the same words', async () => {
    const shape = await containerShape({ folder: CACHE_DIR, report: () => {} })
    const container = await new GenericContainer(shape.image)
      .withCommand([...shape.command])
      .withTmpFs(Object.fromEntries(shape.tmpfs.map((path) => [path, 'rw'])))
      .withBindMounts(shape.binds.map((bind) => ({ ...bind })))
      .withEnvironment({ ...shape.environment })
      .start()
    try {
      const comm = await container.exec(['cat', '/proc/1/comm'])
      expect(comm.output.trim()).toBe('systemd')
    } finally {
      await container.stop()
    }
  })

  it('leaves no container, network or image of its own', async () => {
    await lab.open().down()
    for (const kind of [
      ['ps', '--all'],
      ['network', 'ls'],
      ['image', 'ls'],
    ]) {
      expect(await outputOf('docker', ...kind)).not.toContain('provision-container-test-')
    }
  })
})
