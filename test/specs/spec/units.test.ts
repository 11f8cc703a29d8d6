import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDuration, parseRate, parseSize } from '../../../src/specs/spec/units.ts'

const fault = (parsed: { ok: boolean }): string => ('fault' in parsed ? String(parsed.fault) : 'no fault')

describe('quantities with units', () => {
  test.each([
    ['90s', 90],
    ['15m', 900],
    ['1.5h', 5400],
    ['7d', 604_800],
    ['2 w', 1_209_600],
  ])('the duration %s is %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: seconds })
  })

  test.each([
    ['0B', 0],
    ['4096B', 4096],
    ['1kB', 1000],
    ['1KiB', 1024],
    ['500 MB', 500e6],
    ['1.5MiB', 1_572_864],
    ['10GB', 10e9],
    ['10GiB', 10_737_418_240],
    ['2TB', 2e12],
    ['2TiB', 2_199_023_255_552],
  ])('the size %s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toEqual({ ok: true, value: bytes })
  })

  test.each([
    ['unlimited', null],
    ['25KiB/s', 25_600],
    ['25kB/s', 25_000],
    ['1MiB/s', 1_048_576],
    ['100kbit/s', 12_500],
    ['20Mbit/s', 2_500_000],
  ])('the rate %s is %s bytes a second', (text, rate) => {
    expect(parseRate(text)).toEqual({ ok: true, value: rate })
  })
})

describe('what is refused says what was likely meant', () => {
  test.each([
    [parseDuration('60'), 'has no unit: write 60s, 60m (minutes) or 60h'],
    [parseSize('10'), 'has no unit: write 10GiB or 10MiB'],
    [parseSize('1048576'), 'has no unit: write 1048576B (bytes) or 1048576KiB (as df counts)'],
    [parseRate('0'), 'has no unit: write unlimited if there is to be no limit'],
    [parseRate('25'), "has no unit: write 25KiB/s (as rsync's --bwlimit) or 25Mbit/s (as providers say)"],
    [parseDuration('2 hours'), 'has the unknown unit "hours": write 2h'],
    [parseDuration('5ms'), 'has the unknown unit "ms": the units are s, m (minutes), h, d, w'],
    [parseSize('10G'), 'has the unknown unit "G": write 10GiB or 10GB'],
    [parseSize('10gib'), 'has the unknown unit "gib": write 10GiB'],
    [parseSize('10KB'), 'has the unknown unit "KB": write 10KiB or 10kB'],
    [parseRate('25KiB'), 'has the unknown unit "KiB": write 25KiB/s'],
    [parseRate('20Mbps'), 'has the unknown unit "Mbps": write 20Mbit/s'],
    [parseRate('20Mbit'), 'has the unknown unit "Mbit": write 20Mbit/s'],
    [parseRate('25kb/s'), 'has the unknown unit "kb/s": write 25kB/s (bytes) or 25kbit/s (bits)'],
    [parseRate('2Mb'), 'has the unknown unit "Mb": write 2MB/s (bytes) or 2Mbit/s (bits)'],
    [parseRate('2mb/s'), 'has the unknown unit "mb/s": write 2MB/s (bytes) or 2Mbit/s (bits)'],
    [parseRate('25MBps'), 'has the unknown unit "MBps": write 25MiB/s or 25MB/s'],
    [parseSize('99999999TiB'), 'is too large'],
    [parseDuration('5300w'), 'is too large'],
    [parseSize('-1GiB'), 'is not a size such as 10GiB'],
    [parseSize('1e3B'), 'is not a size such as 10GiB'],
    [parseSize(''), 'is not a size such as 10GiB'],
    [parseSize('5constructor'), 'has the unknown unit "constructor": the units are'],
  ])('%j', (parsed, words) => {
    expect(fault(parsed)).toContain(words)
  })
})

describe('the schema and the parsers agree', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc
      .tuple(
        fc.constantFrom('0', '7', '25', '1.5', '1.', '.5', '-1', ''),
        fc.constantFrom('', ' ', '  '),
        fc.constantFrom(
          ...['', 's', 'm', 'h', 'd', 'w', 'B', 'kB', 'KiB', 'MB', 'GiB', 'TiB', 'kb', 'K'],
          ...['B/s', 'KiB/s', 'TB/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'unlimited', 'B\n'],
        ),
      )
      .map((parts) => parts.join('')),
  )

  test.each([
    ['duration', parseDuration],
    ['size', parseSize],
    ['rate', parseRate],
  ] as const)('about every %s', async (kind, parse) => {
    const schema = JSON.parse(await readFile('schemas/backup.schema.json', 'utf8'))
    const pattern = new RegExp(schema.definitions[kind].pattern, 'u')
    fc.assert(
      fc.property(text, (sample) => pattern.test(sample) === parse(sample).ok),
      { numRuns: 2000 },
    )
  })
})
