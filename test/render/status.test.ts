import { describe, expect, it } from 'vitest'
import { certificateTable } from '../../src/render/certificate-table.ts'
import { PLAIN } from '../../src/render/paint.ts'
import { type StatusRow, statusTable } from '../../src/render/status.ts'

const row = (name: string, more: Partial<StatusRow> = {}): StatusRow => ({
  name,
  ready: 'yes',
  cordoned: false,
  roles: ['worker'],
  kubelet: '1.36.3',
  runtime: 'containerd 2.3.4',
  kernel: '6.12.38',
  os: 'Debian 13',
  pods: { ready: 4, all: 4 },
  ageMs: 3 * 86_400_000,
  ...more,
})

describe('the table of a status', () => {
  it('has a line for each node, and what they have in common once', () => {
    const rows = [
      row('cp1', { roles: ['control-plane'] }),
      row('w1', { ready: 'no', pods: { ready: 1, all: 4 } }),
      row('w2', { cordoned: true, kernel: '6.1.0', ageMs: 65_000 }),
    ]
    expect(statusTable(rows, { paint: PLAIN, columns: 80 }).join('\n')).toBe(
      [
        '  node  ready          roles          kubelet  runtime           pods  age',
        '✓ cp1   yes            control-plane  1.36.3   containerd 2.3.4  4     3 d',
        '✗ w1    no             worker         1.36.3   containerd 2.3.4  1/4   3 d',
        '△ w2    yes, cordoned  worker         1.36.3   containerd 2.3.4  4     1 min 05…',
        '  Debian 13, kernel 6.12.38: cp1, w1',
        '  Debian 13, kernel 6.1.0: w2',
      ].join('\n'),
    )
  })
  it('fits, and lets no host write to the terminal', () => {
    const evil = row('a\u001b[2Jb'.repeat(9), { runtime: 'x\r\ny', os: '\u001b]0;title\u0007' })
    const lines = statusTable([evil], { paint: PLAIN, columns: 60 })
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(60)
      expect(line).not.toMatch(/[\u0000-\u001f]/)
    }
  })
  it('is nothing where no cluster answered', () => {
    expect(statusTable([], { paint: PLAIN, columns: 80 })).toEqual([])
  })
})

describe('the table of certificates', () => {
  it('begins with the one that expires first, and names hosts that have the same', () => {
    const one = { path: '/a.crt', until: '2027-01-01', renewal: 'kubeadm' }
    const rows = [
      { ...one, host: 'cp1', days: 40 },
      { ...one, host: 'cp2', days: 40 },
      { host: 'w1', path: '/b.pem', days: -3, until: '2026-11-20', renewal: 'kubelet' },
    ]
    expect(certificateTable(rows, PLAIN).join('\n')).toBe(
      [
        '   days  until       certificate  hosts (renewed by)',
        '✗    -3  2026-11-20  /b.pem       w1 (kubelet)',
        '✓    40  2027-01-01  /a.crt       cp1, cp2 (kubeadm)',
      ].join('\n'),
    )
  })
})
