import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Disk } from '../../../src/destination/disk/disk.ts'
import { realDisk } from '../../../src/destination/disk/real-disk.ts'
import { layout } from '../../../src/destination/layout.ts'
import { establishIdentity, readId } from '../../../src/destination/look/identity.ts'
import { makePrivateFolders } from '../../../src/destination/look/ownership.ts'
import { NOON, openWhole, temporaryFolder } from '../../helpers/disk-folder.ts'

class Crash extends Error {}

/** A disk on which only `steps` changes can be made before the power goes. */
function diskFor(steps: number): Disk {
  let left = steps
  const step = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (left-- <= 0) throw new Crash()
      return call(...args)
    }
  }
  return {
    ...realDisk,
    create: step(realDisk.create),
    rename: step(realDisk.rename),
    syncFile: step(realDisk.syncFile),
    syncFolder: step(realDisk.syncFolder),
    unlink: step(realDisk.unlink),
  }
}

async function emptyDestination() {
  const path = join(temporaryFolder(), 'offsite')
  const files = layout(path)
  await makePrivateFolders(realDisk, files, path)
  return files
}

describe('who a destination is', () => {
  test('an id and a ledger that begins with it, announced before either', async () => {
    const files = await emptyDestination()
    const announced: string[] = []
    const options = {
      now: () => NOON,
      announce: async (id: string) => {
        expect([existsSync(files.id), existsSync(files.ledger)]).toEqual([false, false])
        announced.push(id)
      },
    }
    expect(await readId(realDisk, files)).toBeNull()
    await establishIdentity(realDisk, files, options)
    const id = await readId(realDisk, files)
    expect(announced).toEqual([id])
    expect((await openWhole(files)).id).toBe(id)
    expect(statSync(files.id).mode & 0o777).toBe(0o600)
    const before = readFileSync(files.ledger)
    await establishIdentity(realDisk, files, options)
    expect([await readId(realDisk, files), announced.length]).toEqual([id, 1])
    expect(readFileSync(files.ledger).equals(before)).toBe(true)
  })

  test('I7: a crash after any step is healed by the next run, and what it found was announced', async () => {
    for (let steps = 0; ; steps++) {
      const files = await emptyDestination()
      const announced: string[] = []
      const options = { now: () => NOON, announce: async (id: string) => void announced.push(id) }
      const crashed = await establishIdentity(diskFor(steps), files, options).then(
        () => false,
        (error: unknown) => error instanceof Crash,
      )
      await establishIdentity(realDisk, files, options)
      const id = await readId(realDisk, files)
      expect(announced).toContain(id)
      expect((await openWhole(files)).id).toBe(id)
      if (!crashed) {
        expect(steps).toBeGreaterThan(6)
        return
      }
    }
  })

  for (const text of ['', 'hello', '../../etc', `${'a'.repeat(36)}`]) {
    test(`something that is no id (${JSON.stringify(text)}) is no id, and is made good from the ledger`, async () => {
      const files = await emptyDestination()
      const options = { now: () => NOON, announce: async () => {} }
      await establishIdentity(realDisk, files, options)
      const id = await readId(realDisk, files)
      writeFileSync(files.id, text)
      expect(await readId(realDisk, files)).toBeNull()
      await establishIdentity(realDisk, files, options)
      expect(await readId(realDisk, files)).toBe(id)
    })
  }

  test('a ledger that is gone is not made anew', async () => {
    const files = await emptyDestination()
    const options = { now: () => NOON, announce: async () => {} }
    await establishIdentity(realDisk, files, options)
    await realDisk.unlink(files.ledger)
    await establishIdentity(realDisk, files, options)
    expect(existsSync(files.ledger)).toBe(false)
  })
})
