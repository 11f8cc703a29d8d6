import { describe, expect, test } from 'vitest'
import { datedNames, finerName, splitName, templateFault } from '../../../src/decide/files/dated-name.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'

const AS = '{stem}-{YYYY}-{MM}-{DD}{ext}'
const names = (as = AS, timezone = 'UTC', include: readonly string[] = ['**']) =>
  datedNames({
    select: { include, exclude: [], as },
    source: { listing: null },
    series: { patterns: [], timezone },
  })!
const at = (iso: string): number => Date.parse(iso) / 1000
const named = (from: string, iso: string, as = AS, timezone = 'UTC'): string =>
  names(as, timezone).nameOf(from as RelPath, at(iso))
const couldBe = (path: string, as = AS, include: readonly string[] = ['**']): boolean =>
  names(as, 'UTC', include).couldBe(path as RelPath)

describe('a name in its parts', () => {
  test.each([
    ['backup.tar.gz', 'backup', '.tar.gz'],
    ['backup', 'backup', ''],
    ['a.b.c.d', 'a', '.b.c.d'],
    ['db.2026.tar.gz', 'db.2026', '.tar.gz'],
    ['backup.tar.gz.1', 'backup.tar.gz.1', ''],
    ['x.7z', 'x', '.7z'],
    ['x.sha256.gz', 'x.sha256', '.gz'],
    ['x.tar-old', 'x.tar-old', ''],
    ['x..gz', 'x.', '.gz'],
    ['x.gz.', 'x.gz.', ''],
    ['x.gü', 'x.gü', ''],
  ])('%s', (name, stem, ext) => {
    expect(splitName(name)).toEqual({ stem, ext })
  })
})

describe('a version’s name', () => {
  test.each([
    [AS, 'backup.tar.gz', 'backup-2026-11-23.tar.gz'],
    ['{YYYY}{MM}{DD}-{hh}{mm}{ss}-{name}', 'backup.tar.gz', '20261123-021005-backup.tar.gz'],
    [AS, 'a/b/backup', 'a/b/backup-2026-11-23'],
    ['backup-{YYYY}-{MM}-{DD}.tar', 'daily.0', 'backup-2026-11-23.tar'],
  ])('%s', (as, from, path) => {
    expect(named(from, '2026-11-23T02:10:05Z', as)).toBe(path)
  })
  test('is dated by the clock of the zone, through both changes of the clock', () => {
    const as = '{stem}-{YYYY}-{MM}-{DD}-{hh}{mm}{ext}'
    expect(named('a.x', '2026-11-22T23:30:00Z', AS, 'Europe/Oslo')).toBe('a-2026-11-23.x')
    expect(named('a.x', '2026-03-29T00:59:00Z', as, 'Europe/Oslo')).toBe('a-2026-03-29-0159.x')
    expect(named('a.x', '2026-03-29T01:00:00Z', as, 'Europe/Oslo')).toBe('a-2026-03-29-0300.x')
    for (const iso of ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'])
      expect(named('a.x', iso, as, 'Europe/Oslo')).toBe('a-2026-10-25-0230.x')
  })
  test.each([
    ['1970-01-01T00:00:00Z', 'a-1970-01-01.x'],
    ['1901-12-13T20:45:52Z', 'a-1901-12-13.x'],
    ['2126-01-01T00:00:00Z', 'a-2126-01-01.x'],
  ])('of %s', (iso, path) => {
    expect(named('a.x', iso)).toBe(path)
  })
  test('has the family of all its versions', () => {
    const { familyOf } = names()
    expect(familyOf('a/b.tar' as RelPath)).toBe(familyOf('a/b.tar' as RelPath))
    expect(familyOf('a/b.tar' as RelPath)).not.toBe(familyOf('b.tar' as RelPath))
    const rotated = names('backup-{YYYY}{MM}{DD}.tar').familyOf
    expect(rotated('backup-1.tar' as RelPath)).toBe(rotated('daily.0' as RelPath))
  })
})

describe('what could be a version', () => {
  test.each([
    ['backup-2026-11-23.tar.gz', AS, true],
    ['backup-2026-13-23.tar.gz', AS, false],
    ['backup.tar.gz', AS, false],
    ['-2026-11-23.tar.gz', AS, false],
    ['backup-2026-11-23', AS, true],
    ['a/b-c-2026-11-23.x', AS, true],
    ['backup-2026-11-23.tar.gz.1', AS, false],
    ['20261123-backup.tar', '{YYYY}{MM}{DD}-{name}', true],
    ['20261123-backup.tar', '{YYYY}{MM}{DD}-{hh}{mm}-{name}', false],
    ['x-20261123-x', '{stem}-{YYYY}{MM}{DD}-{stem}', true],
    ['x-20261123-y', '{stem}-{YYYY}{MM}{DD}-{stem}', false],
    ['2026-2026-11-23.x', '{YYYY}-{YYYY}-{MM}-{DD}{ext}', true],
    ['2025-2026-11-23.x', '{YYYY}-{YYYY}-{MM}-{DD}{ext}', false],
    ['backup-2026-11-23.tar', 'backup-{YYYY}-{MM}-{DD}.tar', true],
  ])('%s by %s', (path, as, is) => {
    expect(couldBe(path, as)).toBe(is)
  })
  test('is of a file that the spec selects', () => {
    expect(couldBe('backup-2026-11-23.tar.gz', AS, ['*.tar.gz'])).toBe(true)
    expect(couldBe('backup-2026-11-23.zip', AS, ['*.tar.gz'])).toBe(false)
    expect(couldBe('b/backup-2026-11-23.tar.gz', AS, ['a/*'])).toBe(false)
    // Which name it had at the source is not in it.
    expect(couldBe('backup-2026-11-23.tar', 'backup-{YYYY}-{MM}-{DD}.tar', ['daily.*'])).toBe(true)
  })
  test('is soon seen of the longest name', () => {
    expect(couldBe(`${'.a'.repeat(120)}-2026-11-2x`)).toBe(false)
  })
})

describe('a template', () => {
  test.each([
    [AS, null],
    ['{name}.{YYYY}{MM}{DD}', null],
    ['{stem}{ext}', /no whole date/],
    ['{stem}-{YYYY}-{MM}{ext}', /\{DD\} is missing/],
    ['{stem}-{YYYY}-{MM}-{DD}-{mm}{ext}', /\{mm\} without \{hh\}/],
    ['{stem}-{date}{ext}', /did you mean \{YYYY\}-\{MM\}-\{DD\}\?/],
    ['{series}-{YYYY}-{MM}-{DD}', /did you mean \{stem\}\?/],
    ['{wat}-{YYYY}-{MM}-{DD}', /there are \{stem\}/],
    ['{YYYY}/{stem}-{MM}-{DD}', /"\/" in it/],
    ['{stem-{YYYY}-{MM}-{DD}', /on its own/],
    ['.{stem}-{YYYY}-{MM}-{DD}', /hidden/],
    ['{ext}-{YYYY}-{MM}-{DD}', /hidden/],
    ['{stem}-{YYYY}-{MM}-{DD}.md5', /checksum file/],
    ['{stem}\u200b{YYYY}-{MM}-{DD}', /invisible/],
  ])('%s', (as, fault) => {
    const found = templateFault(as)
    if (fault === null) expect(found).toBeNull()
    else expect(found?.message).toMatch(fault)
  })
  test('points at the token', () => {
    expect(templateFault('{stem}-{date}')).toMatchObject({ at: 7, length: 6 })
  })
  test.each([
    [AS, 'add {hh}{mm} to select.as'],
    ['{YYYY}{MM}{DD}{hh}{name}', 'add {mm} to select.as'],
    ['{YYYY}{MM}{DD}{hh}{mm}{name}', 'add {ss} to select.as'],
  ])('%s is made finer', (as, hint) => {
    expect(finerName(as)).toBe(hint)
  })
  test('in the hour that the clock repeats, finer times are no help', () => {
    expect(finerName('{stem}-{YYYY}-{MM}-{DD}-{hh}{mm}', 3600)).toContain('timezone: UTC')
    expect(finerName(AS, 3600)).toContain('{hh}{mm}')
  })
})
