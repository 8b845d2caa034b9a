import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HOSTILE_MARKUP } from '../../support/hostile-markup.ts'
import { largeMatrices, largeRun } from '../../support/large-run.ts'
import { MarkupTree } from '../../support/markup-tree.ts'
import { matrixOf, reportOf } from '../../support/report-of.ts'
import { eventsSaying, recorded } from '../../support/run-events.ts'

const RECORDED = ['dry-run', 'first-run', 'no-change', 'failed-step', 'unmet']

/** A page in which `text` stands wherever a host, or anybody else, could put it. */
function saying(text: string): string {
  const matrices = [
    matrixOf(text, [`a${text}`, `b${text}`], (from) => ({ text, tone: from ? 'odd' : 'bad', note: text })),
  ]
  return reportOf(eventsSaying(text), { cluster: text, who: text, matrices, proofKeys: new Set([`x:${text}7`]) })
}

describe('the reader of markup in these tests', () => {
  it.each(['<p>a', '<p>a</b></p>', '<p>a > b</p>', '<p>a < b</p>', '<p a=1></p>', '<p a="<"></p>', "<p a='1'></p>"])(
    'refuses %s',
    (source) => {
      expect(() => new MarkupTree(source)).toThrow()
    },
  )
})

describe('report', () => {
  it.each(RECORDED)('of %s is sound markup', (name) => {
    const { skeleton, attributes } = new MarkupTree(reportOf(recorded(name)))
    expect(skeleton.length).toBeGreaterThan(50)
    const ids = attributes.flatMap(([, attribute, value]) => (attribute === 'id' ? [value] : []))
    expect(new Set(ids).size).toBe(ids.length)
    const targets = attributes.flatMap(([, attribute, value]) => (attribute === 'href' ? [value] : []))
    expect(targets.filter((target) => !ids.includes(target.slice(1)))).toEqual([])
    expect(targets.length).toBeGreaterThan(1)
  })
  it('asks for nothing, and may do nothing', () => {
    const page = saying('plain')
    const { attributes } = new MarkupTree(page)
    const loading = attributes.filter(([, name]) => /^(src|srcset|action|data|style|on.*|xlink.*)$/.test(name))
    expect(loading).toEqual([])
    const [, policy] = /Content-Security-Policy" content="([^"]*)"/.exec(page) ?? []
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'$/,
    )
  })
  it.each(Object.entries(HOSTILE_MARKUP))('stays the same page whatever hosts say: %s', (_name, text) => {
    expect(new MarkupTree(saying(text)).skeleton).toEqual(new MarkupTree(saying('plain')).skeleton)
  })
  it('stays the same page for any text', () => {
    const plain = new MarkupTree(saying('x.x')).skeleton
    const anything = fc.string({ unit: 'binary', maxLength: 30 }).map((text) => `x${text.replaceAll(/[\r\n]/g, '')}x`)
    fc.assert(
      fc.property(anything, (text) => {
        expect(new MarkupTree(saying(text)).skeleton).toEqual(plain)
      }),
      { numRuns: 150 },
    )
  })
  it('holds nothing that reorders or hides letters', () => {
    expect(saying('\u202E\u200B\x1b[31m\x07')).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u)
  })
})

describe('report of many hosts', () => {
  it.each([
    [3, 5],
    [300, 5],
  ])('%d hosts stay below %d MB', (hosts, limitMB) => {
    const events = largeRun(hosts)
    const matrices = largeMatrices(hosts)
    const begin = performance.now()
    const page = reportOf(events, { matrices })
    const ms = Math.round(performance.now() - begin)
    const sizeBytes = Buffer.byteLength(page)
    process.stdout.write(`report of ${hosts} hosts: ${ms} ms, ${(sizeBytes / 1e6).toFixed(2)} MB\n`)
    expect(sizeBytes).toBeLessThan(limitMB * 1e6)
    expect(new MarkupTree(page).text).toContain(`node${hosts}`)
  })
  it('leaves out diffs rather than growing without end, and says so', () => {
    const [plan] = largeRun(1).filter((event) => event.type === 'plan')
    const resources = [...Array(60).keys()].map((i) => ({
      ...plan!.plan.resources[30]!,
      key: `file:/etc/big-${i}` as const,
      changes: [{ what: '', from: 'a', to: 'b', text: { before: '', after: `${'x'.repeat(300)} ${i}\n`.repeat(390) } }],
    }))
    const page = reportOf([{ ...plan!, plan: { ...plan!.plan, resources } }])
    expect(Buffer.byteLength(page)).toBeLessThan(5e6)
    expect(page).toContain('diff left out')
  })
})
