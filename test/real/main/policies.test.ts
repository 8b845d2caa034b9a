import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, eventsOf, describe as told } from '../../support/command-line.ts'
import { MainLab } from '../../support/main-lab.ts'

const MAKE_MS = 2_400_000
const PROVE_MS = 600_000
const NODES = ['cp1', 'w1', 'w2'] as const

let lab: MainLab
beforeAll(async () => {
  lab = await MainLab.standing()
}, MAKE_MS)
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

/** What was said of policies, by host. */
function policed(ended: Ended): ReadonlyMap<string, { readonly result: string; readonly evidence: string }> {
  return new Map(
    eventsOf(ended, 'resource')
      .filter(({ resource }) => resource.key === 'requirement:pod-policies')
      .map(({ host, resource, result }) => [host, { result, evidence: resource.finding?.evidence ?? '' }]),
  )
}

describe('policies on three nodes', () => {
  test('on plain Flannel nothing is denied, and the proof fails saying so', { timeout: PROVE_MS }, async () => {
    const ended = await lab.cli.json(['prove', lab.inventory, '--policies'])
    expect(ended.code, told(ended)).toBe(4)
    const found = policed(ended)
    expect([...found.keys()].toSorted()).toEqual([...NODES])
    for (const { result, evidence } of found.values()) {
      expect(result).toBe('unmet')
      expect(evidence).toMatch(
        /tcp\/4242 is allowed: reached; tcp\/4243 is denied: reached: nothing is denied; nobody enforces/,
      )
    }
    expect(await lab.kubectl('get namespaces -l provision.dev/proof -o name')).toBe('')
  })

  // No stand-alone engine can be made here: rules by hand do to that one port what an engine would, but with no policy too.
  test('where something else denies it, nothing is said to be shown, and what is allowed passes', {
    timeout: PROVE_MS,
  }, async () => {
    const rule = 'FORWARD -p tcp --dport 4243 -j'
    for (const [i, host] of NODES.entries())
      await lab.sh(`iptables -I ${rule} ${i === 1 ? 'REJECT' : 'DROP'}`, PROVE_MS, host)
    const page = join(lab.cli.folder, 'policies.html')
    const ended = await lab.cli.json(['prove', lab.inventory, '--policies', '--report', page])
    for (const [i, host] of NODES.entries())
      await lab.sh(`iptables -D ${rule} ${i === 1 ? 'REJECT' : 'DROP'}`, PROVE_MS, host)
    expect(ended.code, told(ended)).toBe(4)
    for (const { result, evidence } of policed(ended).values()) {
      expect(result).toBe('unmet')
      expect(evidence).toMatch(
        /tcp\/4242 is allowed: reached; tcp\/4243 is denied: (silent|refused|unreachable); without/,
      )
    }
    expect(await readFile(page, 'utf8')).toContain('tcp/4243 is denied')
  })

  test('policies in the inventory of plain Flannel are refused before any host is asked', async () => {
    await lab.change(['policies'], { shop: { deny: ['ingress'] } })
    const ended = await lab.cli.run(['up', lab.inventory, '--dry-run'])
    await lab.change(['policies'], undefined)
    expect(ended.code, told(ended)).toBe(2)
    expect(told(ended)).toContain('flannel enforces no policies')
  })
})
