import { directory } from '../../../src/resources/directory.ts'
import { file } from '../../../src/resources/file.ts'
import { link } from '../../../src/resources/link.ts'
import { resourceLaws } from '../../support/resource-laws.ts'

resourceLaws('file', {
  arrange: 'mkdir /etc/app; printf old >/etc/app/changed; ln -s /etc/passwd /etc/app/was-link; printf x >/etc/app/gone',
  want: () => [
    file({ path: '/etc/app/new', content: 'héllo\n' }),
    file({ path: '/etc/app/changed', content: 'new\n', mode: '0640', group: 'adm' }),
    file({ path: '/etc/app/was-link', content: 'mine\n' }),
    file({ path: '/etc/app/secret', content: 's3cret', secret: true, mode: '0600' }),
    file({ path: '/etc/app/gone', absent: true }),
    file({ path: "/etc/app/it's a $(name)", content: new Uint8Array([0, 1, 255]) }),
  ],
  drifts: [
    { name: 'content', script: 'printf hullo >/etc/app/new', says: /"before":"hullo","after":"héllo\\n"/ },
    { name: 'mode', script: 'chmod 0666 /etc/app/new', says: /"what":"mode","from":"0666","to":"0644"/ },
    { name: 'owner', script: 'chown daemon /etc/app/new', says: /"what":"owner","from":"daemon","to":"root"/ },
    { name: 'group', script: 'chgrp 54321 /etc/app/changed', says: /"what":"group","from":"54321","to":"adm"/ },
    { name: 'removed', script: 'rm /etc/app/new', says: /"from":"absent"/ },
    { name: 'a link instead', script: 'ln -sf /etc/shadow /etc/app/new', says: /link to \/etc\/shadow/ },
    { name: 'back again', script: 'printf y >/etc/app/gone', says: /"to":"absent"/ },
    { name: 'secret', script: 'printf other >/etc/app/secret', says: /^(?!.*(s3cret|other)).*‹secret›, differs/ },
    { name: 'draft', script: 'printf z >/etc/app/.new.provision', says: /draft/ },
  ],
})

resourceLaws('file behind a link', {
  arrange: 'mkdir /srv/real; printf old >/srv/real/a; ln -s real/a /srv/a; ln -s /srv/real/b /srv/b',
  want: () => [
    file({ path: '/srv/a', content: 'new', follow: true }),
    file({ path: '/srv/b', content: 'made', follow: true }),
    file({ path: '/srv/c', content: 'no link', follow: true, secret: true, mode: '0600' }),
  ],
  drifts: [
    { name: 'content', script: 'printf x >/srv/real/a', says: /content of \/srv\/real\/a/ },
    { name: 'removed', script: 'rm /srv/real/b', says: /of \/srv\/real\/b","from":"absent"/ },
    { name: 'draft', script: ': >/srv/real/.a.provision', says: /draft/ },
  ],
})

resourceLaws('file, killed at each of its commands', {
  arrange: 'printf old >/srv/x',
  want: () => [file({ path: '/srv/x', content: 'new', mode: '0600', validate: ['grep', '-q', 'new', '{}'] })],
  kills: 'all',
  shells: ['dash'],
})

resourceLaws('directory', {
  want: () => [
    directory({ path: '/srv/a' }),
    directory({ path: '/srv/a/b', mode: '0700', owner: 'daemon', group: 'daemon' }),
  ],
  drifts: [
    { name: 'mode', script: 'chmod 0777 /srv/a', says: /"mode","from":"0777","to":"0755"/ },
    { name: 'owner', script: 'chown 0:0 /srv/a/b', says: /"owner","from":"root","to":"daemon"/ },
    { name: 'removed', script: 'rm -r /srv/a/b', says: /"from":"absent"/ },
  ],
})

resourceLaws('link', {
  arrange: 'ln -s /nowhere /srv/old; printf x >/srv/file',
  want: () => [
    link({ path: '/srv/new', target: '/usr/lib' }),
    link({ path: '/srv/old', target: "it's $HOME" }),
    link({ path: '/srv/file', target: '../etc/passwd' }),
  ],
  drifts: [
    { name: 'target', script: 'ln -sfn /etc /srv/new', says: /link to \/etc"/ },
    { name: 'removed', script: 'rm /srv/old', says: /absent/ },
  ],
})
