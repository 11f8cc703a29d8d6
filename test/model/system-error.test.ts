import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../src/model/failure.ts'
import { failureFrom, failureOf, systemErrorOf } from '../../src/model/system-error.ts'

/** An error as Node makes it of a number that the kernel gave. */
function given(number: number, syscall = 'link'): Error {
  const known = getSystemErrorMap().get(-number)
  const code = known?.[0] ?? `Unknown system error -${number}`
  const message = `${code}: ${known?.[1] ?? code}, ${syscall} '/srv/a'`
  return Object.assign(new Error(message), { errno: -number, code, syscall, path: '/srv/a' })
}

/** Of the kernel's own, and those that are never to leave it and now and then do. */
const NUMBERS = [...Array.from({ length: 133 }, (_, i) => i + 1), 512, 524, 525]

describe('I15: whatever number the kernel gives is an error with a code', () => {
  test.each(NUMBERS)('%i', (number) => {
    const failure = failureFrom(given(number))
    expect(failure.code).toMatch(/^disk-(full|gone|failing|read-only|forbidden|path|error)$/)
    expect(failure.message).toMatch(/^cannot link \/srv\/a: [a-z]/)
    expect(`${failure.message} ${failure.hint}`).not.toMatch(/undefined|null|Unknown/)
    // Where there is but the code, as of a thread's.
    const { code } = given(number) as NodeJS.ErrnoException
    expect(failureFrom(Object.assign(new Error('x'), { code })).code).toBe(failure.code)
    if (failure.code === 'disk-error' && failure.message.includes('the system says'))
      expect(failure.message).toMatch(/E[A-Z0-9]+ \(link\)$|error \d+ \(link\)$/)
  })
})

test.each([
  ['ENOSPC', 'disk-full', /full/],
  ['EDQUOT', 'disk-full', /quota/],
  ['ESTALE', 'disk-gone', /NFS/],
  ['ENODEV', 'disk-gone', /gone/],
  ['EROFS', 'disk-read-only', /read-only/],
  ['EIO', 'disk-failing', /EIO/],
] as const)('%s has words of its own: %s', (name, code, says) => {
  expect(failureFrom(given(constants.errno[name]))).toMatchObject({
    code,
    message: expect.stringMatching(says),
  })
})

test('EUCLEAN, which Node does not know at all, asks for a repair', () => {
  expect(systemErrorOf(given(117))).toEqual({ name: 'EUCLEAN', syscall: 'link', path: '/srv/a' })
  expect(failureFrom(given(117))).toMatchObject({
    code: 'disk-failing',
    hint: expect.stringContaining('fsck'),
  })
})

test('a full file system says which of the two it lacks', () => {
  const full = given(constants.errno.ENOSPC)
  expect(failureOf(full, { lacksInodes: true })?.message).toContain('no inodes left')
  expect(failureOf(full)?.message).toContain('no room for bytes')
})

test('what is none stays a bug, and a Failure what it is', () => {
  const bugs = [new TypeError('x is not a function'), new RangeError('x'), 'text', null]
  for (const bug of bugs) expect(failureOf(bug)).toBeNull()
  const argument = Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' })
  expect(() => failureFrom(argument)).toThrow(argument)
  const failure = new Failure({ code: 'x', message: 'x', hint: 'x', retryable: true })
  expect(failureFrom(failure)).toBe(failure)
})

test('a program that cannot be started is told by its name', () => {
  const spawn = Object.assign(new Error('x'), {
    errno: -11,
    code: 'EAGAIN',
    syscall: 'spawn rsync',
    path: 'rsync',
  })
  expect(failureFrom(spawn).message).toMatch(/^cannot spawn rsync: this machine/)
})
