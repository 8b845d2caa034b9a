import { expect, test } from 'vitest'
import type { Offer } from '../../src/artifacts/offer.ts'
import { answersOf } from '../../src/core/fact.ts'
import { Value } from '../../src/core/value.ts'
import { byArch } from '../../src/resources/by-arch.ts'
import { fetchedBinary } from '../../src/resources/fetched-binary.ts'

const path = '/usr/local/bin/kubelet'
const digests = { amd64: 'a'.repeat(64), arm64: 'b'.repeat(64) }
const url = 'https://dl.k8s.io/kubelet'

function offers(): readonly Offer[] {
  return (['amd64', 'arm64'] as const).map((arch) => {
    const here = new Value<never>('download: kubelet', new Promise(() => undefined))
    return { arch, download: { name: 'kubelet', version: 'v1.36.3', arch, sha256: digests[arch], url, here } }
  })
}

function kubelet() {
  return byArch('kubelet', offers(), ({ download }) => {
    if (!download) throw new Error('made above')
    return fetchedBinary({ download, path })
  })
}

/** What a host printed; it has a kubelet with this digest, or none. */
function seen(machine: string, sha256?: string, place = 'reached') {
  const file = `${path}\tfile\t81ed\t0\t0\n${path}\tsha256\t${sha256}`
  const texts = { arch: `host\t${machine}`, 'installed-file': sha256 ? file : '', 'download-place': `${url}\t${place}` }
  const output = (text: string) => ({ code: 0, text, stderr: '', truncated: false })
  return answersOf(new Map(Object.entries(texts).map(([fact, text]) => [fact, output(text)])))
}

test.each([
  ['x86_64', 'amd64', digests.amd64],
  ['aarch64', 'arm64', digests.arm64],
] as const)('%s gets the program for %s, and the plan says so', (machine, arch, digest) => {
  const decision = kubelet().decide(seen(machine))
  expect(decision).toMatchObject({ verdict: 'differs' })
  if (decision.verdict !== 'differs') return
  const to = `kubelet v1.36.3 for ${arch} (sha256 ${digest.slice(0, 12)}), fetched by the host from dl.k8s.io`
  expect(decision.changes).toEqual([{ what: '', from: 'absent', to }])
  expect(decision.steps.map(({ body }) => body.includes(digest))).toEqual([true, true])
})

test('each is satisfied with its own, and with no other', () => {
  expect(kubelet().decide(seen('aarch64', digests.arm64))).toMatchObject({ verdict: 'same' })
  expect(kubelet().decide(seen('aarch64', digests.amd64))).toMatchObject({ verdict: 'differs' })
})

test('nothing is asked besides where nothing differs', () => {
  expect(kubelet().closer(seen('x86_64', digests.amd64))).toEqual([])
  expect(
    kubelet()
      .closer(seen('x86_64'))
      .map(({ fact }) => fact.name),
  ).toEqual(['download-place'])
})

test('what must be sent is waited for', () => {
  expect(kubelet().decide(seen('x86_64', undefined, 'tools\tnone'))).toMatchObject({
    verdict: 'differs',
    awaits: 'download: kubelet',
    changes: [{ to: expect.stringContaining('sent through SSH: it has neither curl nor wget') }],
  })
})

test('an unknown processor is refused, and so is one the host did not tell', () => {
  expect(kubelet().decide(seen('riscv64'))).toMatchObject({ verdict: 'unknown', final: true })
  expect(kubelet().decide(answersOf(new Map()))).toMatchObject({
    verdict: 'unknown',
    reason: expect.stringContaining('was not asked'),
  })
})
