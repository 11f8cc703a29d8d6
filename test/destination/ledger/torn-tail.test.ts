import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { realDisk } from '../../../src/destination/disk/real-disk.ts'
import { lookAtLedger, newDestination, openWhole, published } from '../../helpers/disk-folder.ts'

/** A ledger of three appends (1, 2 and 5 lines) and where its last append begins. */
async function threeAppends() {
  const { files } = await newDestination()
  const ledger = await openWhole(files)
  await ledger.append([published('a'), published('b')])
  const head = ledger.head
  const start = readFileSync(files.ledger).length
  await ledger.append(['c', 'd', 'e', 'f', 'g'].map((path) => published(path, path === 'g' ? 'b' : path)))
  return { files, head, start, bytes: readFileSync(files.ledger) }
}

/** What a crash can make of bytes that were written and not synced: cut, zeros, old blocks, in any piece of them. */
const garbled = (bytes: Buffer, from: number) =>
  fc
    .array(
      fc.record({
        at: fc.integer({ min: from, max: bytes.length - 1 }),
        length: fc.integer({ min: 1, max: 900 }),
        fill: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })),
      }),
      { minLength: 1, maxLength: 3 },
    )
    .chain((patches) =>
      fc.option(fc.integer({ min: from, max: bytes.length }), { nil: bytes.length }).map((size) => {
        const copy = Buffer.from(bytes)
        for (const { at, length, fill } of patches) copy.fill(fill, at, Math.min(bytes.length, at + length))
        return copy.subarray(0, size)
      }),
    )

const wholeLines = (bytes: Buffer, original: Buffer): number => {
  let same = 0
  while (same < bytes.length && bytes[same] === original[same]) same++
  return bytes.subarray(0, same).toString('latin1').split('\n').length - 1
}

describe('I10: a torn tail is recovered', () => {
  test('whatever a crash leaves of the last append', async () => {
    const { files, start, bytes } = await threeAppends()
    await fc.assert(
      fc.asyncProperty(garbled(bytes, start), async (torn) => {
        writeFileSync(files.ledger, torn)
        const kept = wholeLines(torn, bytes)
        const goodBytes = Buffer.from(
          `${bytes.toString('latin1').split('\n').slice(0, kept).join('\n')}\n`,
          'latin1',
        ).length
        const ledger = await openWhole(files)
        const tail = torn.subarray(goodBytes)
        const lines = readFileSync(files.ledger, 'utf8').split('\n').slice(0, -1)
        if (tail.length === 0) {
          expect(ledger.recovered).toBeNull()
          expect(ledger.head.seq).toBe(kept)
          return
        }
        const { quarantine } = ledger.recovered!
        expect(ledger.recovered!.bytes).toBe(tail.length)
        expect(readFileSync(join(files.quarantine, quarantine, 'ledger-tail.jsonl')).equals(tail)).toBe(true)
        expect(lines.length).toBe(kept + 1)
        expect(lines.at(-1)).toContain(
          `"event":"recovered","bytes":${tail.length},"quarantine":"${quarantine}"`,
        )
        // And it goes on from there.
        await ledger.append([published('z')])
        const again = await openWhole(files)
        expect([again.recovered, again.head]).toEqual([null, ledger.head])
      }),
      { numRuns: 60 },
    )
  })

  test('in every single place where the write may have stopped', async () => {
    const { files, start, bytes } = await threeAppends()
    const places = Array.from({ length: 40 }, (_, i) => start + Math.ceil(((bytes.length - start) * i) / 40))
    for (const size of places) {
      writeFileSync(files.ledger, bytes.subarray(0, size))
      const state = await lookAtLedger(files, 'read')
      expect(state).toMatchObject({ state: 'open' })
    }
  })

  test('zeros after it, as a file system leaves them that had given it room already', async () => {
    const { files, bytes } = await threeAppends()
    writeFileSync(files.ledger, Buffer.concat([bytes, Buffer.alloc(1 << 20)]))
    expect((await openWhole(files)).recovered).toMatchObject({ bytes: 1 << 20 })
    // A byte more is no append of ours.
    writeFileSync(files.ledger, Buffer.concat([bytes, Buffer.alloc((1 << 20) + 1)]))
    expect(await lookAtLedger(files)).toMatchObject({ state: 'damaged' })
  })

  test('a last line without its newline', async () => {
    const { files, bytes } = await threeAppends()
    writeFileSync(files.ledger, bytes.subarray(0, -1))
    const ledger = await openWhole(files)
    expect([ledger.records.size, ledger.recovered !== null]).toEqual([6, true])
  })

  test('but not where a line of it was recorded elsewhere as durable', async () => {
    const { files, bytes } = await threeAppends()
    const { head } = await openWhole(files)
    writeFileSync(files.ledger, bytes.subarray(0, -5))
    expect(await lookAtLedger(files, 'write', head)).toMatchObject({ state: 'damaged' })
  })

  test('a tail that cannot be set aside is left, and nothing is cut', async () => {
    const { files, bytes } = await threeAppends()
    writeFileSync(files.ledger, bytes.subarray(0, -5))
    const before = readFileSync(files.ledger)
    const disk = {
      ...realDisk,
      create: async () => {
        throw Object.assign(new Error('injected'), { code: 'EROFS' })
      },
    }
    await expect(lookAtLedger(files, 'write', null, disk)).rejects.toMatchObject({ code: 'disk-read-only' })
    expect(readFileSync(files.ledger).equals(before)).toBe(true)
    expect((await openWhole(files)).recovered).toMatchObject({ bytes: expect.any(Number) })
  })
})

describe('I10: anything changed before the last append is found', () => {
  test('one byte, anywhere', async () => {
    const { files, start, bytes } = await threeAppends()
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: start - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const edited = Buffer.from(bytes)
          edited[at] = edited[at]! ^ flip
          writeFileSync(files.ledger, edited)
          expect((await lookAtLedger(files)).state).toBe('damaged')
          expect(readFileSync(files.ledger).equals(edited)).toBe(true)
        },
      ),
      { numRuns: 150 },
    )
    expect(readdirSync(files.quarantine)).toEqual([])
  })

  test('any run of whole lines removed, the last append’s own among them', async () => {
    const { files, head, bytes } = await threeAppends()
    const lines = bytes.toString('latin1').split('\n').slice(0, -1)
    for (let first = 0; first < lines.length; first++) {
      for (let count = 1; first + count <= lines.length; count++) {
        writeFileSync(
          files.ledger,
          lines
            .toSpliced(first, count)
            .map((line) => `${line}\n`)
            .join(''),
          'latin1',
        )
        const state = await lookAtLedger(files, 'read', head)
        // Cutting the end of the last append off leaves what a crash may leave too; only a remembered head tells.
        const looksCut = first >= head.seq && first + count === lines.length
        expect([first, count, state.state]).toEqual([first, count, looksCut ? 'open' : 'damaged'])
      }
    }
  })
})
