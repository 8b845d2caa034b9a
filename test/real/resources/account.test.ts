import { expect, test } from 'vitest'
import { authorizedKeys } from '../../../src/resources/authorized-keys.ts'
import { user } from '../../../src/resources/user.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { TestHost } from '../../support/test-host.ts'

const ADA = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7s0m9 ada@example'
const BOB = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0bb0b bob@example'

resourceLaws('user', {
  arrange:
    'groupadd ops; useradd --no-create-home --shell /bin/dash eve; usermod --password hash eve; mkdir -p /etc/skel; printf x >/etc/skel/.first',
  want: () => [
    user({ name: 'ada', groups: ['ops', 'adm'], shell: '/bin/bash', uid: 4242 }),
    user({ name: 'eve', groups: ['ops'] }),
  ],
  drifts: [
    {
      name: 'shell',
      script: 'usermod --shell /bin/false ada',
      says: /"shell","from":"\/bin\/false","to":"\/bin\/bash"/,
    },
    { name: 'group', script: 'gpasswd -d ada ops', says: /"groups","from":"adm","to":"adm, ops"/ },
    { name: 'password', script: 'usermod --password hash ada', says: /"password","from":"may log in","to":"locked"/ },
    { name: 'home', script: 'rm -r /home/ada', says: /home folder/ },
    { name: 'removed', script: 'userdel ada', says: /"from":"absent"/ },
  ],
})

resourceLaws('authorized-keys', {
  arrange: `useradd --create-home ada; mkdir -p /root/.ssh; printf '# mine\\n%s\\nfrom="10.0.0.1" %s\\n' '${BOB}' '${ADA}' >/root/.ssh/authorized_keys; chmod 0755 /root/.ssh`,
  want: () => [
    authorizedKeys({ user: 'ada', keys: [ADA, BOB], exclusive: true }),
    authorizedKeys({ user: 'root', keys: [ADA] }),
  ],
  drifts: [
    {
      name: 'one more',
      script: `printf 'ssh-ed25519 AAAAevil evil\\n' >>/home/ada/.ssh/authorized_keys`,
      says: /"from":"3 keys","to":"2 keys"/,
    },
    { name: 'one less', script: 'sed -i /ada@/d /root/.ssh/authorized_keys', says: /"to":"2 keys"/ },
    { name: 'mode', script: 'chmod 0644 /home/ada/.ssh/authorized_keys', says: /"mode","from":"0644","to":"0600"/ },
    { name: 'removed', script: 'rm -r /home/ada/.ssh', says: /"from":"absent","to":"2 keys"/ },
  ],
})

test('keys are written as the user, others are kept, options of ours are ours', async () => {
  await using host = await TestHost.start()
  await host.sh(`useradd --create-home ada; install -d -o ada -g ada -m 700 /home/ada/.ssh
printf '# mine\\nfrom="10.0.0.1" %s\\n%s\\n' '${ADA}' '${BOB}' >/home/ada/.ssh/authorized_keys; chown ada:ada /home/ada/.ssh/authorized_keys`)
  expect((await host.up([authorizedKeys({ user: 'ada', keys: [ADA] })])).result.verdict).toBe('ok')
  expect(await host.sh('cat /home/ada/.ssh/authorized_keys; stat -c "%a %U" /home/ada/.ssh/authorized_keys')).toBe(
    `# mine\n${ADA}\n${BOB}\n600 ada\n`,
  )
})

test('a user who makes a link of the folder gains nothing', async () => {
  await using host = await TestHost.start()
  await host.sh('useradd --create-home ada; ln -s /etc /home/ada/.ssh')
  const { result } = await host.up([authorizedKeys({ user: 'ada', keys: [ADA] })])
  expect(result.verdict).toBe('failed')
  expect(JSON.stringify(result.failures)).toContain('/home/ada/.ssh is a link')
  expect(await host.sh('ls -a /etc | grep authorized || printf none')).toBe('none')
})
