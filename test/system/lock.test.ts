import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Stop } from '../../src/model/failure.ts'
import { type LockState, takeLock } from '../../src/system/lock.ts'
import { findLockHolders } from '../../src/system/lock-holders.ts'
import { temporaryFolder } from '../helpers/disk-folder.ts'
import { inheritor, kill, otherHolder, untilSomebodyWaits } from '../helpers/disk-sharers.ts'

const never = new AbortController().signal
const lockIn = (folder = temporaryFolder()): string => join(folder, 'lock')

async function taken(path: string, waitSeconds = 0): Promise<Extract<LockState, { state: 'locked' }>> {
  const lock = await takeLock(path, waitSeconds, never)
  if (lock.state !== 'locked') throw new Error(`busy: ${JSON.stringify(lock.holders)}`)
  return lock
}

describe('I11: one writer a destination', () => {
  test('of ten that race for the lock, one has it, and each loser is told who', async () => {
    const path = lockIn()
    const results = await Promise.all(Array.from({ length: 10 }, () => takeLock(path, 0, never)))
    const winners = results.filter((one) => one.state === 'locked')
    expect(winners).toHaveLength(1)
    for (const one of results) {
      if (one.state === 'busy')
        expect(one.holders).toContainEqual(
          expect.objectContaining({ pid: process.pid, command: expect.stringContaining('node') }),
        )
    }
    winners[0]!.close()
    ;(await taken(path)).close()
  })

  test('another program’s lock is respected, it is named and left alive, and is free when it is killed', async () => {
    const path = lockIn()
    const other = await otherHolder(path)
    expect(await takeLock(path, 0, never)).toMatchObject({
      state: 'busy',
      holders: [{ pid: other.pid, command: 'sleep 1000' }],
    })
    expect(other.exitCode).toBeNull()
    await kill(other)
    ;(await taken(path)).close()
  })

  test('an orphan that inherited the descriptor keeps the lock after we let go', async () => {
    const path = lockIn()
    const lock = await taken(path)
    const orphan = await inheritor(lock.descriptor)
    lock.close()
    expect(await takeLock(path, 0, never)).toMatchObject({
      state: 'busy',
      holders: [{ pid: orphan.pid, command: 'sleep 1000' }],
    })
    await kill(orphan)
    ;(await taken(path)).close()
  })

  test('a child that was not handed the descriptor does not keep it', async () => {
    const path = lockIn()
    const lock = await taken(path)
    const unrelated = openSync('/dev/null', 'r')
    const child = await inheritor(unrelated)
    closeSync(unrelated)
    lock.close()
    lock.close()
    const again = await taken(path)
    expect(child.exitCode).toBeNull()
    again.close()
  })

  test('who waits gets it when the holder goes, and is not taken for a holder', async () => {
    const path = lockIn()
    const other = await otherHolder(path)
    const waiting = takeLock(path, 300, never)
    await untilSomebodyWaits(lstatSync(path, { bigint: true }).ino)
    expect(await takeLock(path, 0, never)).toMatchObject({ holders: [{ pid: other.pid }] })
    await kill(other)
    const lock = await waiting
    expect(lock.state).toBe('locked')
    if (lock.state === 'locked') lock.close()
  })

  test('a wait ends in busy', async () => {
    const path = lockIn()
    await otherHolder(path)
    expect((await takeLock(path, 0.05, never)).state).toBe('busy')
  })

  test('a wait is ended by the run’s own signal, with its reason, and leaves nothing locked', async () => {
    const path = lockIn()
    const other = await otherHolder(path)
    const stop = new AbortController()
    const waiting = takeLock(path, 300, stop.signal)
    await untilSomebodyWaits(lstatSync(path, { bigint: true }).ino)
    stop.abort(new Stop('interrupt'))
    await expect(waiting).rejects.toMatchObject({ why: 'interrupt' })
    await expect(takeLock(path, 0, stop.signal)).rejects.toMatchObject({ why: 'interrupt' })
    await kill(other)
    ;(await taken(path)).close()
  })

  test('a Ctrl-C at the terminal does not reach the tool that waits for us', async () => {
    const path = lockIn()
    const other = await otherHolder(path)
    const waiting = takeLock(path, 300, never)
    const pid = await untilSomebodyWaits(lstatSync(path, { bigint: true }).ino)
    const [, , group] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ')
    expect(Number(group)).toBe(pid)
    await kill(other)
    const lock = await waiting
    if (lock.state === 'locked') lock.close()
  })

  test('a lock file that was replaced while we waited is not the lock', async () => {
    const path = lockIn()
    const first = await taken(path)
    const waiting = takeLock(path, 300, never)
    await untilSomebodyWaits(lstatSync(path, { bigint: true }).ino)
    renameSync(path, `${path}.old`)
    const second = await otherHolder(path)
    first.close()
    await untilSomebodyWaits(lstatSync(path, { bigint: true }).ino)
    unlinkSync(`${path}.old`)
    await kill(second)
    const lock = await waiting
    expect((await takeLock(path, 0, never)).state).toBe('busy')
    if (lock.state === 'locked') lock.close()
  })

  test('a symlink in its place is refused in words', async () => {
    const folder = temporaryFolder()
    symlinkSync(join(folder, 'elsewhere'), lockIn(folder))
    await expect(takeLock(lockIn(folder), 0, never)).rejects.toMatchObject({
      name: 'Failure',
      code: 'disk-path',
    })
    expect(existsSync(join(folder, 'elsewhere'))).toBe(false)
  })
})

test('who holds the locks of many destinations is told without taking one', async () => {
  const [busy, idle, none] = [0, 1, 2].map(() => join(temporaryFolder(), 'lock')) as [string, string, string]
  const lock = await taken(busy)
  ;(await taken(idle)).close()
  const uid = process.getuid!()
  const found = findLockHolders([busy, idle, none], uid)
  expect(found.get(busy)).toContainEqual(
    expect.objectContaining({ pid: process.pid, command: expect.stringContaining('node') }),
  )
  expect([found.get(idle), found.get(none)]).toEqual([[], []])
  expect(existsSync(none)).toBe(false)
  // Somebody else's processes are seen by root only.
  const other = uid + 1
  expect(findLockHolders([busy, idle], other).get(idle)).toBeNull()
  lock.close()
  expect(findLockHolders([busy], uid).get(busy)).toEqual([])
})
