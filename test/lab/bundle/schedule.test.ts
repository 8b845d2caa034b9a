import { expect, test } from 'vitest'
import { once, slots } from '../../../src/lab/bundle/schedule.ts'

test('never more at once than there are slots, and the lowest rank of those that wait is next', async () => {
  const order: number[] = []
  const finish = new Map<number, () => void>()
  let running = 0
  let most = 0
  const two = slots(2)
  const work = (rank: number) =>
    two.run(rank, async () => {
      order.push(rank)
      running += 1
      most = Math.max(most, running)
      await new Promise<void>((resolve) => finish.set(rank, resolve))
      running -= 1
    })
  const all = [7, 5, 9, 1, 3].map(work)
  for (let done = 0; done < all.length; done += 1) {
    await expect.poll(() => order.length).toBeGreaterThan(done)
    finish.get(order[done] ?? -1)?.()
  }
  await Promise.all(all)
  expect(order).toEqual([7, 5, 1, 3, 9])
  expect(most).toBe(2)
})

test('work that fails gives its slot back', async () => {
  const single = slots(1)
  await expect(single.run(0, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await single.run(0, () => Promise.resolve('next'))).toBe('next')
})

test('once makes once', async () => {
  let made = 0
  const make = once(() => Promise.resolve(++made))
  expect(await Promise.all([make(), make()])).toEqual([1, 1])
})
