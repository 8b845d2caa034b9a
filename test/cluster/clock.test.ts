import fc from 'fast-check'
import { expect, test } from 'vitest'
import { skewBounds } from '../../src/cluster/requirements/clock.ts'

const delay = fc.integer({ min: 0, max: 60_000 })

test('the true skew lies between the bounds, however long the way, the look and the wait for the answer', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.tuple(delay, delay, delay, delay), (skewMs, delays) => {
      const [thereMs, beforeMs, afterMs, backMs] = delays
      const askedMs = 1.8e12
      const readMs = askedMs + thereMs + beforeMs
      const answeredMs = readMs + afterMs + backMs
      const uptimeSeconds = 5000
      const time = (offsetMs: number) => ({
        uptimeSeconds: uptimeSeconds + offsetMs / 1000,
        totalTicks: 1,
        stealTicks: 0,
      })
      const bounds = skewBounds(
        { askedMs, epochMs: readMs + skewMs, uptimeSeconds, daemon: undefined, synchronised: undefined },
        { begin: time(-beforeMs), end: time(afterMs), answeredMs },
      )
      expect(bounds?.leastMs).toBeLessThanOrEqual(skewMs + 1)
      expect(bounds?.mostMs).toBeGreaterThanOrEqual(skewMs - 1)
      // What stays open is the way there and back, not the look.
      expect((bounds?.mostMs ?? 0) - (bounds?.leastMs ?? 0)).toBeLessThanOrEqual(thereMs + backMs + 2)
    }),
  )
})
