import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { humanPart, humanRate, humanSize } from '../../src/model/human-size.ts'
import { instant } from '../../src/model/instant.ts'
import { counted } from '../../src/view/human-count.ts'
import { aboutDuration, humanAge, humanDuration } from '../../src/view/human-time.ts'
import { GIB, KIB } from './sample-documents.ts'

it('about how long: less than a second is no estimate', () => {
  expect([0.2, 7].map(aboutDuration)).toEqual(['under 1 s', 'about 7 s'])
})

describe('numbers for people', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [KIB, '1.0 KiB'],
    [16 * KIB, '16 KiB'],
    [1.4 * GIB, '1.4 GiB'],
    [9.96 * GIB, '10 GiB'],
    [912 * GIB, '912 GiB'],
    [1024 * GIB - 1, '1.0 TiB'],
    [Number.MAX_SAFE_INTEGER, '8.0 PiB'],
  ])('%d bytes are %s', (bytes, shown) => expect(humanSize(bytes)).toBe(shown))

  it.each([
    [0.9 * GIB, 1.4 * GIB, '0.9 of 1.4 GiB'],
    [1.4 * GIB - 1, 1.4 * GIB, '1.3 of 1.4 GiB'],
    [1.4 * GIB, 1.4 * GIB, '1.4 of 1.4 GiB'],
    [3 * KIB, 1.4 * GIB, '3.0 KiB of 1.4 GiB'],
    [0, 1.4 * GIB, '0.0 of 1.4 GiB'],
  ])('%d of %d bytes are %s', (done, total, shown) => expect(humanPart(done, total)).toBe(shown))

  it.each([
    [0.2, 'under 1 s'],
    [45, '45 s'],
    [720, '12 min'],
    [5400, '1.5 h'],
    [21 * 3600, '21 h'],
    [3.5 * 86400, '3.5 d'],
    [60 * 86400, '60 d'],
    [10000 * 86400, '27 years'],
  ])('%d seconds are %s', (seconds, shown) => expect(humanDuration(seconds)).toBe(shown))

  it('a rate, a count and an age', () => {
    expect(humanRate(25 * KIB)).toBe('25 KiB/s')
    expect([counted(1, 'file'), counted(1234567, 'file')]).toEqual(['1 file', '1,234,567 files'])
    const now = instant(Date.UTC(2026, 10, 24, 3))
    expect(
      ['2026-11-24T01:00:00Z', '2026-11-24T02:59:58Z', '2026-11-24T05:00:00Z', null, 'soon'].map((time) =>
        humanAge(time, now),
      ),
    ).toEqual(['2 h ago', 'just now', 'in 2 h', 'never', 'never'])
  })

  it('a part never looks whole before it is', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), fc.nat({ max: 2 ** 40 }), (a, b) => {
        const [done, total] = [Math.min(a, b), Math.max(a, b)]
        fc.pre(total - done > total / 9)
        const [part, whole] = humanPart(done, total).split(' of ')
        expect(`${part} GiB`).not.toBe(whole)
        expect(part).not.toBe(whole?.split(' ')[0])
      }),
    )
  })
})
