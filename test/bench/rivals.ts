import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from '../../src/lab/local/command.ts'
import { runOver, smallFiles, smallFilesScript } from '../support/file-run.ts'
import { Sshd } from '../support/sshd.ts'
import { medianMs, ms } from './measure.ts'

const FOLDER = '/etc/provision-bench'
const COUNT = 20
const DEADLINE_MS = 600_000

/** The same twenty files, unchanged, looked at by others against the same sshd in the same run. */
export async function* rivals(rounds: number): AsyncGenerator<string> {
  const sshd = await Sshd.start({ setup: smallFilesScript(FOLDER, COUNT) })
  try {
    const own = await medianMs(rounds, () => runOver(sshd.target(), smallFiles(FOLDER, COUNT), 'bench'))
    yield `provision                              ${ms(own)}`
    const row = (name: string, time: number) =>
      `${name.padEnd(38)} ${ms(time)}  ${(time / own).toFixed(1)} times as long`
    yield row('ssh, ControlMaster, a command a file', await medianMs(rounds, () => oneByOne(sshd)))
    const ansible = ['/usr/bin/ansible-playbook', '/usr/local/bin/ansible-playbook'].find((path) => existsSync(path))
    if (ansible === undefined) yield 'Ansible is not installed here: not measured (apt-get install ansible-core)'
    else
      for (const pipelining of [false, true]) {
        const time = await medianMs(1, () => playbook(sshd, ansible, pipelining))
        yield row(`Ansible, ${COUNT} copy tasks${pipelining ? ', pipelining' : ''}`, time)
      }
  } finally {
    await sshd.stop()
  }
}

function sshOptions({ dir, port, identityFile }: Sshd): readonly string[] {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', `ControlPath=${dir}/c`]
  return ['-F', '/dev/null', '-i', identityFile, '-p', String(port), ...options.flatMap((option) => ['-o', option])]
}

async function oneByOne(sshd: Sshd): Promise<void> {
  const ssh = ['ssh', ...sshOptions(sshd)]
  const must = async (argv: readonly string[]) => {
    const { code, stderr } = await command(argv, { deadlineMs: DEADLINE_MS })
    if (code !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
  }
  await must([...ssh, '-o', 'ControlMaster=auto', '-o', 'ControlPersist=30', 'root@127.0.0.1', 'true'])
  for (const { paths } of smallFiles(FOLDER, COUNT))
    await must([...ssh, 'root@127.0.0.1', `stat -c '%a %U %G' ${paths[0]} && sha256sum ${paths[0]}`])
  await must([...ssh, '-O', 'exit', 'root@127.0.0.1'])
}

async function playbook(sshd: Sshd, ansible: string, pipelining: boolean): Promise<void> {
  const tasks = smallFiles(FOLDER, COUNT).map(({ paths }, i) => ({
    copy: { dest: paths[0], content: `file ${i} of a test\n`, mode: '0644' },
  }))
  const path = join(sshd.dir, 'playbook.json')
  await writeFile(path, JSON.stringify([{ hosts: 'all', gather_facts: false, tasks }]))
  const env = {
    ANSIBLE_PIPELINING: String(pipelining),
    ANSIBLE_HOST_KEY_CHECKING: 'false',
    ANSIBLE_SSH_ARGS: '-o ControlMaster=auto -o ControlPersist=30 -o UserKnownHostsFile=/dev/null',
    ANSIBLE_LOCAL_TEMP: sshd.dir,
  }
  const where = `127.0.0.1,`
  const login = [`ansible_port=${sshd.port}`, 'ansible_user=root', `ansible_ssh_private_key_file=${sshd.identityFile}`]
  const { code, stdout } = await command([ansible, '-i', where, '-e', login.join(' '), path], {
    deadlineMs: DEADLINE_MS,
    env,
  })
  if (code !== 0 || !stdout.includes('changed=0')) throw new Error(stdout.slice(-2000))
}
