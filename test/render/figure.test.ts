import { describe, expect, it } from 'vitest'
import { bytes, count, duration, progress } from '../../src/render/figure.ts'

describe('figures', () => {
  it.each([
    [0, '0.0 s'],
    [1234, '1.2 s'],
    [9949, '9.9 s'],
    [9950, '10 s'],
    [59_499, '59 s'],
    [59_999, '1 min 00 s'],
    [184_900, '3 min 05 s'],
    [3_599_999, '1 h 00 min'],
    [3_720_000, '1 h 02 min'],
  ])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text))
  it.each([
    [512, '512 B'],
    [1536, '1.5 KiB'],
    [104_857_600, '100 MiB'],
    [5_368_709_120, '5.0 GiB'],
  ])('%d bytes are %s', (size, text) => expect(bytes(size)).toBe(text))
  it('counts', () => expect([count(1, 'host'), count(2, 'host')]).toEqual(['1 host', '2 hosts']))
  it('shows how far something is', () => {
    expect(progress(1, 3, 'items')).toBe('1 of 3, 33 %')
    expect(progress(5, undefined, 'items')).toBe('5')
    expect(progress(7, 3, undefined)).toBe('7 of 3, 100 %')
  })
})
