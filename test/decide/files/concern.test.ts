import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concernOf } from '../../../src/decide/files/concern.ts'
import { selectorOf } from '../../../src/decide/files/select.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import { globFault } from '../../../src/specs/spec/text-faults.ts'

const selecting = (
  include: readonly string[],
  exclude: readonly string[],
  listing: string | null = null,
) => ({
  select: { include, exclude },
  source: { listing: listing as RelPath | null },
})

const below = (folder: string, include: readonly string[], exclude: readonly string[] = []): boolean =>
  concernOf(selecting(include, exclude)).below(folder)

describe('whether anything below a folder could be selected', () => {
  test.each([
    ['@Recycle', ['**'], ['@Recycle/**'], false],
    ['@Recycle/deep', ['**'], ['@Recycle/**'], false],
    ['deep/@Recycle', ['**'], ['@Recycle/**'], true],
    ['deep/@Recycle', ['**'], ['**/@Recycle/**'], false],
    ['@Recycle', ['**'], ['**/@Recycle/**'], false],
    ['tmp-1', ['**'], ['tmp-*/**'], false],
    ['tmp', ['**'], ['tmp'], true],
    ['tmp', ['**'], ['tmp/*'], true],
    ['tmp', ['**'], ['{tmp,cache}/**'], true],
    ['.hidden', ['**'], [], false],
    ['a/.hidden/b', ['**'], [], false],
    ['lost+found', ['**'], [], false],
    ['private', ['db-*'], [], true],
    ['private', ['daily/*.gz'], [], false],
    ['daily', ['daily/*.gz'], [], true],
    ['daily/old', ['daily/*.gz'], [], false],
    ['daily/old', ['daily/**'], [], true],
    ['daily', ['**/old/*.gz'], [], true],
    ['weekly', ['dai*/*/x', 'weekly/**/x'], [], true],
  ] as const)('%s under %j without %j: %s', (folder, include, exclude, could) => {
    expect(below(folder, include, exclude)).toBe(could)
  })
})

/** Globs and paths of few letters, so that they meet. */
const part = fc.stringMatching(/^[ab*?.@[\]{},()!+-]{1,4}$/)
const glob = fc
  .array(fc.oneof(part, fc.constantFrom('**', '*', 'a', 'b', 'a*', '**a')), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))
  .filter((text) => globFault(text) === null)
const names = fc.array(fc.constantFrom('a', 'b', 'ab', 'ba', 'a.b', '@a'), { minLength: 1, maxLength: 3 })

test('a folder that is ruled out holds nothing that is selected', () => {
  fc.assert(
    fc.property(
      fc.array(glob, { minLength: 1, maxLength: 2 }),
      fc.array(glob, { maxLength: 2 }),
      names,
      names,
      (include, exclude, folder, rest) => {
        const path = [...folder, ...rest].join('/')
        if (selectorOf(selecting(include, exclude))(path))
          expect(below(folder.join('/'), include, exclude)).toBe(true)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('a path is of concern where it is selected, its marker too, and the list', () => {
  const { path } = concernOf(selecting(['db-*'], ['db-tmp*'], 'LIST'))
  for (const one of ['db-1', 'db-1.md5', 'a/db-1.SHA256', 'LIST', 'LIST.md5', 'db-\r1'])
    expect(path(one), one).toBe(true)
  for (const one of ['wiki', 'wiki.md5', 'db-tmp', 'db-tmp.md5', '.db-1', 'db-1.asc', 'a/LIST'])
    expect(path(one), one).toBe(false)
})
