import { describe, expect, it } from 'vitest'
import type { Matrix, MatrixCell } from '../../src/core/matrix.ts'
import { matrixLines } from '../../src/render/matrix.ts'
import { COLOUR, PLAIN } from '../../src/render/paint.ts'
import { widthOf } from '../../src/render/width.ts'

function matrix(hosts: readonly string[], odd: readonly MatrixCell[] = [], unit = 'bytes'): Matrix {
  const usual = hosts.flatMap((from) =>
    hosts
      .filter((to) => to !== from)
      .map(
        (to): MatrixCell =>
          odd.find((cell) => cell.from === from && cell.to === to) ?? { from, to, text: '1500', tone: 'usual' },
      ),
  )
  return { title: 'path MTU', unit, hosts, cells: usual }
}
const plain = (given: Matrix, columns = 80) => matrixLines(given, { paint: PLAIN, columns })
const names = (count: number, prefix = 'node') => Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)
const narrow: MatrixCell = { from: 'node1', to: 'node3', text: '1400', tone: 'odd', note: 'the card takes 1500' }

describe('a matrix in a terminal', () => {
  it('has a row for each sender, a column for each receiver, and says in words what is odd', () => {
    const bad: MatrixCell = { from: 'node3', to: 'node1', text: '576', tone: 'bad', note: 'too small' }
    const unknown: MatrixCell = { from: 'node2', to: 'node3', text: '?', tone: 'unknown', note: 'not measured' }
    expect(plain(matrix(names(3), [narrow, bad, unknown])).join('\n')).toBe(
      `
path MTU (bytes)
              1     2     3
 1  node1     · 1500  1400!
 2  node2 1500      ·    ?
 3  node3  576✗ 1500      ·
  ✗ node3 → node1 576: too small
  ! node1 → node3 1400: the card takes 1500`.trimStart(),
    )
  })
  it.each([1, 2, 5, 11, 12, 13, 300])('of %i hosts is no wider than 80 columns', (count) => {
    const hosts = names(count, 'a-host-with-a-long-name-')
    const odd = { ...narrow, from: hosts[0]!, to: hosts[1] ?? '', note: 'n'.repeat(200) }
    for (const line of plain(matrix(hosts, [odd]))) expect(widthOf(line)).toBeLessThanOrEqual(80)
  })
  it('fits a narrow terminal too', () => {
    for (const line of plain(matrix(names(12), [narrow]), 40)) expect(widthOf(line)).toBeLessThanOrEqual(40)
  })
  it('of many hosts shows only what deviates, the worst first', () => {
    const bad: MatrixCell = { from: 'node7', to: 'node200', text: '2/3', tone: 'bad', note: 'tcp/6443 silent' }
    expect(plain(matrix(names(300), [narrow, bad]))).toEqual([
      'path MTU (bytes)',
      '  89698 of 89700 ways between 300 hosts as usual: all 1500',
      '  ✗ node7 → node200 2/3: tcp/6443 silent',
      '  ! node1 → node3 1400: the card takes 1500',
    ])
  })
  it('of many hosts says how many it leaves out', () => {
    const hosts = names(30)
    const odd = hosts.slice(1).map((to): MatrixCell => ({ ...narrow, to }))
    const lines = plain(matrix(hosts, odd))
    expect(lines).toHaveLength(2 + 20 + 1)
    expect(lines.at(-1)).toBe('  and 9 more')
  })
  it('gives the range of figures that differ', () => {
    const hosts = names(13)
    const [first] = matrix(hosts).cells
    const given = {
      ...matrix(hosts),
      title: 'round trip',
      unit: 'ms',
      cells: [
        { ...first!, text: '0.20' },
        { ...first!, text: '12.5' },
      ],
    }
    expect(plain(given)[1]).toBe('  2 of 2 ways between 13 hosts as usual: 0.2 to 12.5')
  })
  it('means the same without colour', () => {
    const given = matrix(names(3), [narrow, { ...narrow, from: 'node2', to: 'node1', tone: 'bad' }])
    const coloured = matrixLines(given, { paint: COLOUR, columns: 80 }).join('\n')
    expect(coloured).toContain('\x1b[')
    expect(coloured.replace(/\x1b\[[0-9;]*m/g, '')).toBe(plain(given).join('\n'))
  })
  it('lets no host paint on the terminal', () => {
    const given = matrix(
      ['n1', 'n2'],
      [{ from: 'n1', to: 'n2', text: '\x1b[2J', tone: 'bad', note: '\x1b]0;owned\x07' }],
    )
    expect(plain(given).join('\n')).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/)
  })
})
