import { expect, test } from 'vitest'
import { lines } from '../../../src/resources/lines.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { TestHost } from '../../support/test-host.ts'

resourceLaws('lines', {
  arrange: `printf '127.0.0.1\\tlocalhost\\n# END of theirs\\n10.0.0.9 old' >/etc/hosts; chmod 0640 /etc/hosts; chgrp adm /etc/hosts
printf '# BEGIN provision gone\\nx\\n# END provision gone\\nkept\\n' >/etc/fstab; rm -f /etc/absent`,
  want: () => [
    lines({ path: '/etc/hosts', name: 'nodes', lines: ['10.0.0.1 a', "10.0.0.2\tb # it's $HOME"] }),
    lines({ path: '/etc/fstab', name: 'gone', lines: [] }),
    lines({ path: '/etc/absent', name: 'nodes', lines: ['one'] }),
  ],
  drifts: [
    { name: 'line changed', script: 'sed -i s/10.0.0.1/10.9.9.9/ /etc/hosts', says: /"before":"10.9.9.9 a/ },
    { name: 'block removed', script: "sed -i '/BEGIN/,/END/d' /etc/hosts", says: /"from":"absent","to":"2 lines"/ },
    {
      name: 'mounted',
      script: 'mount --bind /etc/hosts /etc/hosts; sed "s/ a/ z/" /etc/hosts >/tmp/h; cat /tmp/h >/etc/hosts',
      says: /written in place/,
    },
  ],
})

test('what others wrote in the file stays, byte for byte, with mode and owner', async () => {
  await using host = await TestHost.start()
  await host.sh(`printf 'a\\\\b\\t c \\n\\n  # x' >/etc/hosts; chmod 0604 /etc/hosts; chown daemon:adm /etc/hosts`)
  await host.up([lines({ path: '/etc/hosts', name: 'one', lines: ['1'] })])
  await host.up([lines({ path: '/etc/hosts', name: 'two', lines: ['2'] })])
  await host.up([lines({ path: '/etc/hosts', name: 'one', lines: ['1', '1b'] })])
  expect(await host.sh('cat /etc/hosts; stat -c "%a %U %G" /etc/hosts')).toBe(
    'a\\b\t c \n\n  # x\n# BEGIN provision one\n1\n1b\n# END provision one\n# BEGIN provision two\n2\n# END provision two\n604 daemon adm\n',
  )
  await host.up([
    lines({ path: '/etc/hosts', name: 'one', lines: [] }),
    lines({ path: '/etc/hosts', name: 'two', lines: [] }),
  ])
  await host.up([
    lines({ path: '/etc/hosts', name: 'one', lines: [] }),
    lines({ path: '/etc/hosts', name: 'two', lines: [] }),
  ])
  expect(await host.sh('cat /etc/hosts')).toBe('a\\b\t c \n\n  # x\n')
})
