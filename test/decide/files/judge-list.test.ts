import { describe, expect, test } from 'vitest'
import { judgeList } from '../../../src/decide/files/judge-list.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'

const LIST = 'LIST' as RelPath
const listing = (names: readonly string[], completeness: 'complete' | 'incomplete' = 'complete') => ({
  completeness,
  files: new Map(names.map((name) => [name as RelPath, { size: 1, mtime: 1 }])),
  problems: [],
})
const judge = (lines: readonly string[], there = ['a.tar', 'b.tar', 'b c.tar'], cut?: 'incomplete') =>
  judgeList(LIST, { names: new Map(lines.map((line) => [line as RelPath, null])) }, listing(there, cut))

describe('I14: a list of which nothing exists', () => {
  test.each<[string, readonly string[], RegExp]>([
    [
      'ls -l > LIST',
      ['total 12', '-rw-r--r-- 1 u g 5 Nov 28 02:00 a.tar', '-rw-r--r--. 1 u g 5 Nov 28 02:00 b.tar'],
      /like the output of ls -l: "total 12", "-rw-r--r-- 1 u g/,
    ],
    ['du > LIST', ['4.0K\ta.tar', '12\tb.tar'], /a size, a date or another number before them/],
    ['stat or find, with a date', ['2026-11-28+02:00:01 a.tar'], /a date or another number before them/],
    ['quotes', ['"a.tar"', "'b.tar'"], /names in quotes: "\\"a\.tar\\"", "'b\.tar'"/],
    ['quotes and commas', ['"a.tar",', '"b.tar",'], /names in quotes/],
    ['comments', ['# written by backup.sh'], /comments: "# written by/],
    ['trailing blanks', ['a.tar ', 'b.tar\t'], /spaces around them: "a\.tar "/],
    [
      'names of another folder',
      ['x.tar', 'y.tar', 'z.tar', 'v.tar'],
      /not there: "x\.tar", "y\.tar", "z\.tar"$/,
    ],
  ])('is told at once, with what its first lines look like: %s', (_, lines, message) => {
    const { problem, isBelieved } = judge(lines)
    expect(problem).toMatchObject({
      code: 'list-fits-nothing',
      path: 'LIST',
      message: expect.stringMatching(message),
    })
    // What it does not name is not known to be gone.
    expect(isBelieved).toBe(false)
  })

  test('is none where one name is there, or where the listing was cut, or where it names nothing', () => {
    expect(judge(['a.tar', 'not-yet.tar', '2026 new.tar', 'old b.tar']).problem).toBeNull()
    expect(judge(['x.tar'], ['a.tar'], 'incomplete')).toMatchObject({ problem: null, isBelieved: true })
    expect(judge([]).problem).toBeNull()
  })
})

describe('I14: lines that are no names among names', () => {
  test.each<[string, string, boolean]>([
    ['a comment', '# nightly', true],
    ['a name with a blank behind it', 'b.tar ', false],
    ['a name in quotes', '"b.tar"', false],
    ['a line of ls -l', '-rw-r--r-- 1 u g 5 Nov 28 02:00 b.tar', false],
    ['a size before a name', '512 b.tar', false],
  ])('%s is told at once, and nothing is waited for because of it', (_, line, isBelieved) => {
    const fit = judge(['a.tar', line])
    expect(fit.problem?.code).toBe('list-odd-lines')
    expect([...fit.odd]).toEqual([line])
    expect(fit.isBelieved).toBe(isBelieved)
  })
  test('whatever is there by its very name is a name', () => {
    const odd = ['#a', '"b"', ' c', '1 d', 'total 12']
    expect(judge(odd, odd).problem).toBeNull()
  })
})
