import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { realDisk } from '../../../src/destination/disk/real-disk.ts'
import { headIn, readChain } from '../../../src/destination/ledger/chain.ts'
import { ledgerHistory } from '../../../src/destination/ledger/ledger.ts'
import { rebuildLedger } from '../../../src/destination/ledger/rebuild.ts'
import { writeStatus } from '../../../src/destination/look/status-file.ts'
import { headText, parseHead } from '../../../src/model/holding.ts'
import type { LedgerEvent } from '../../../src/model/ledger-event.ts'
import {
  hex,
  lookAtLedger,
  NOON,
  newDestination,
  openWhole,
  published,
  rel,
} from '../../helpers/disk-folder.ts'

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1)

describe('what was appended is read back', () => {
  test('a record holds the last word on its path, and since when it is here', async () => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    await ledger.append([published('a.tar', 'a'), published('b/c.tar', 'b')])
    await ledger.append([{ ...published('a.tar', 'c'), event: 'repaired' }])
    for (const seen of [ledger, await openWhole(files, 'read')]) {
      expect([...seen.records.keys()]).toEqual(['a.tar', 'b/c.tar'])
      expect(seen.records.get(rel('a.tar'))).toMatchObject({
        md5: hex('c'),
        sha256: hex('c', 64),
        since: NOON,
      })
      expect(seen.head).toEqual(ledger.head)
      expect(seen.lastTime).toBe(NOON)
    }
  })

  test('a marker comes back byte for byte, also one that is no UTF-8', async () => {
    const { files } = await newDestination()
    const text = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')
    const ledger = await openWhole(files)
    await ledger.append([published('a'), { ...published('b.tar'), marker: { name: 'b.tar.MD5', text } }])
    for (const seen of [ledger, await openWhole(files, 'read')]) {
      expect(await seen.readMarker(rel('b.tar'))).toEqual({ name: 'b.tar.MD5', text })
      expect(await seen.readMarker(rel('a'))).toEqual(published('a').marker)
      expect(await seen.readMarker(rel('unknown'))).toBeNull()
    }
  })

  test('I6: a marker name that is not its file’s is never handed out', async () => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    await ledger.append([{ ...published('a'), marker: { name: '../../etc/a', text: '' } }])
    expect(await ledger.readMarker(rel('a'))).toBeNull()
  })

  test('I6: a line with a path that is not safe makes no record and no intent', async () => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    await ledger.append([
      published('../out'),
      { ...published('/etc/x'), event: 'repair-begin', quarantine: 'q' },
    ])
    const again = await openWhole(files)
    expect([again.records.size, again.repairs.size]).toEqual([0, 0])
  })

  test('intents stay open until they are done, abandoned files until they expire or arrive', async () => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    const begin = (path: string): LedgerEvent => ({
      ...published(path),
      event: 'repair-begin',
      quarantine: 'q',
    })
    await ledger.append([begin('a'), begin('b'), { event: 'repair-done', path: 'a', quarantine: 'q' }])
    await ledger.append(
      ['x', 'y', 'z'].map((path) => ({ event: 'staging-abandoned', path, why: 'changed at the source' })),
    )
    await ledger.append([{ event: 'staging-expired', path: 'x' }, published('y')])
    const again = await openWhole(files)
    expect([...again.repairs.values()]).toEqual([
      expect.objectContaining({ event: 'repair-begin', path: 'b' }),
    ])
    expect([...again.abandoned]).toEqual([['z', NOON]])
  })

  test('all lines of one call share their append, and a call over a megabyte is several appends', async () => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    await ledger.append(Array.from({ length: 2500 }, (_, i) => published(`file-${i}.tar`)))
    const lines = linesOf(files.ledger).map((line) => JSON.parse(line) as { seq: number; append: number })
    const appends = new Set(lines.map(({ append }) => append))
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i + 1))
    // The first is the ledger's own; each begins where its first line does.
    expect(appends.size).toBeGreaterThan(2)
    expect(appends.size).toBeLessThan(5)
    for (const { seq, append } of lines) expect(append).toBeLessThanOrEqual(seq)
    const reread = await openWhole(files)
    expect(reread.records.size).toBe(2500)
    expect(reread.head).toEqual(ledger.head)
  })

  test('calls that overlap queue up', async () => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    await Promise.all(Array.from({ length: 20 }, (_, i) => ledger.append([published(`f${i}`)])))
    expect((await openWhole(files, 'read')).records.size).toBe(20)
  })

  test('a writer that goes on meanwhile is no damage to who reads', async () => {
    const { files } = await newDestination()
    const writer = await openWhole(files)
    await writer.append([published('a')])
    const { size } = statSync(files.ledger)
    await writer.append([published('b'), published('c')])
    await writer.append([published('d')])
    // The first look ends in the middle of a line, every later one sees all of it.
    let looks = 0
    const disk = {
      ...realDisk,
      read: async (path: string, options?: { from?: number; limit?: number }) => {
        const bytes = await realDisk.read(path, options)
        if (path !== files.ledger || bytes === null) return bytes
        looks++
        return looks === 1 ? bytes.subarray(0, size + 100) : looks === 2 ? new Uint8Array() : bytes
      },
    }
    const ledger = await openWhole(files, 'read', null, disk)
    expect([...ledger.records.keys()]).toEqual(['a'])
  })

  test('reading writes nothing, and a ledger opened for reading refuses to write', async () => {
    const { files } = await newDestination()
    await (await openWhole(files)).append([published('a')])
    appendFileSync(files.ledger, '{"torn')
    const before = [readFileSync(files.ledger), readdirSync(files.own).sort()]
    const ledger = await openWhole(files, 'read')
    expect(ledger.recovered).toEqual({ bytes: 6, quarantine: '' })
    expect([readFileSync(files.ledger), readdirSync(files.own).sort()]).toEqual(before)
    expect(() => ledger.append([published('b')])).toThrow('opened for reading')
  })
})

describe('I10: every edit before the last append is found', () => {
  const edits: readonly [string, (lines: string[]) => string[]][] = [
    ['a digit changed', (l) => l.with(2, l[2]!.replace('"size":1', '"size":2'))],
    ['a space added', (l) => l.with(2, l[2]!.replace(':', ': '))],
    ['a line dropped', (l) => l.toSpliced(2, 1)],
    ['the first line dropped', (l) => l.slice(1)],
    ['two lines swapped', (l) => l.with(2, l[3]!).with(3, l[2]!)],
    ['a line doubled', (l) => l.toSpliced(3, 0, l[2]!)],
    ['an old line put at the end', (l) => [...l, l[2]!]],
    ['the last line doubled', (l) => [...l, l.at(-1)!]],
    ['a line emptied', (l) => l.with(2, '')],
    ['a line of zeros', (l) => l.with(2, '\0'.repeat(l[2]!.length))],
    ['everything replaced', () => ['hello']],
    ['everything removed', () => []],
  ]
  for (const [what, edit] of edits) {
    test(what, async () => {
      const { files } = await newDestination()
      const ledger = await openWhole(files)
      for (const path of ['a', 'b', 'c', 'd', 'e']) await ledger.append([published(path)])
      const lines = edit(linesOf(files.ledger))
      const text = lines.map((line) => `${line}\n`).join('')
      writeFileSync(files.ledger, text)
      for (const mode of ['read', 'write'] as const) {
        const state = await lookAtLedger(files, mode)
        expect(state).toMatchObject({ state: 'damaged', halt: { code: 'ledger-damaged' } })
        expect(state.state === 'damaged' && state.halt.hint).toContain('reconcile doctor --rebuild-ledger')
      }
      expect(readFileSync(files.ledger, 'utf8')).toBe(text)
    })
  }

  test('whole lines cut off the end, against the head that was remembered', async () => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    for (const path of ['a', 'b', 'c']) await ledger.append([published(path)])
    const head = ledger.head
    expect((await lookAtLedger(files, 'read', head)).state).toBe('open')
    writeFileSync(
      files.ledger,
      linesOf(files.ledger)
        .slice(0, -1)
        .map((line) => `${line}\n`)
        .join(''),
    )
    expect(await lookAtLedger(files, 'read', head)).toMatchObject({
      state: 'damaged',
      halt: { code: 'ledger-damaged' },
    })
    // Also where a torn tail would otherwise explain it.
    appendFileSync(files.ledger, 'garbage')
    expect(await lookAtLedger(files, 'write', head)).toMatchObject({ state: 'damaged' })
  })

  test('another whole chain in its place, against the head that was remembered', async () => {
    const { files } = await newDestination()
    copyFileSync(files.ledger, `${files.ledger}.copy`)
    const ledger = await openWhole(files)
    await ledger.append([published('a')])
    const head = ledger.head
    copyFileSync(`${files.ledger}.copy`, files.ledger)
    const other = await openWhole(files)
    await other.append([published('other')])
    await other.append([published('more')])
    expect(await lookAtLedger(files, 'read', head)).toMatchObject({ state: 'damaged' })
    expect((await lookAtLedger(files, 'read', other.head)).state).toBe('open')
  })

  test('another chain in its place whose last append is torn, against the head that was remembered', async () => {
    const { files } = await newDestination()
    const { head } = await openWhole(files)
    const ledger = await openWhole(files)
    for (const path of ['a', 'b']) await ledger.append([published(path)])
    appendFileSync(files.ledger, 'x\ny\n')
    const other = { seq: head.seq, hash: 'f'.repeat(64) }
    expect(await lookAtLedger(files, 'read', other)).toMatchObject({ state: 'damaged' })
    expect(await lookAtLedger(files, 'read', head)).toMatchObject({ state: 'open' })
  })

  test('a ledger that is gone, where an id or a remembered head says there was one', async () => {
    const { files } = await newDestination()
    const { head } = await openWhole(files)
    await realDisk.unlink(files.ledger)
    const missing = { state: 'damaged', halt: { code: 'ledger-missing' } }
    expect(await lookAtLedger(files)).toMatchObject(missing)
    await realDisk.unlink(files.id)
    expect(await lookAtLedger(files, 'write', head)).toMatchObject(missing)
    expect(await lookAtLedger(files)).toEqual({ state: 'absent' })
  })
})

describe('a ledger that is built anew', () => {
  test('keeps the id, names the old head, sets the old one aside, and is believed', async () => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    for (const path of ['a', 'b', 'c']) await ledger.append([published(path)])
    await writeStatus(realDisk, files, {
      format: 'reconcile.destination/1',
      backup: 'x',
      finished: '',
      result: 'applied',
      exitCode: 0,
      lastSuccess: null,
      conditions: [],
      troubles: [],
      counts: { waiting: 0, conflict: 0, lost: 0, problems: 0, pending: 0 },
      listed: null,
      observed: null,
      promised: null,
      series: [],
      awaited: [],
      lookBy: null,
      clock: '2026-11-23T12:00:00Z',
      holds: [],
      head: ledger.head,
    })
    const lines = linesOf(files.ledger)
    const edited = lines
      .with(2, lines[2]!.replace('"size":1', '"size":7'))
      .map((line) => `${line}\n`)
      .join('')
    writeFileSync(files.ledger, edited)
    let recorded: unknown = null
    const rebuilt = await rebuildLedger(realDisk, files, {
      now: () => NOON,
      recordHead: async (id, head) => {
        recorded = { id, head }
      },
    })
    expect(rebuilt.id).toBe(ledger.id)
    expect(rebuilt.oldHead?.seq).toBe(2)
    expect(readFileSync(join(files.quarantine, rebuilt.quarantine!, 'ledger.jsonl'), 'utf8')).toBe(edited)
    const status = JSON.parse(readFileSync(files.status, 'utf8')) as { head: { seq: number; hash: string } }
    const anew = await openWhole(files, 'write', status.head)
    expect(anew.records.size).toBe(0)
    expect(recorded).toEqual({ id: ledger.id, head: anew.head })
    expect(linesOf(files.ledger)[1]).toContain(`"oldHead":"2:${rebuilt.oldHead!.hash}"`)
    await anew.append([published('a')])
    expect((await openWhole(files)).records.size).toBe(1)
  })

  test('also where there was none, and where there was neither ledger nor id', async () => {
    const { files } = await newDestination()
    const options = { now: () => NOON, recordHead: async () => {} }
    const { id } = await openWhole(files)
    await realDisk.unlink(files.ledger)
    expect(await rebuildLedger(realDisk, files, options)).toEqual({ id, oldHead: null, quarantine: null })
    await realDisk.unlink(files.ledger)
    await realDisk.unlink(files.id)
    const other = await rebuildLedger(realDisk, files, options)
    expect(other.id).not.toBe(id)
    expect((await openWhole(files)).id).toBe(other.id)
    expect(existsSync(files.id)).toBe(true)
  })
})

describe('what the disk refuses', () => {
  test('I5: an append whose fsync failed is taken back, and the ledger takes no more', async () => {
    const { files } = await newDestination()
    let failing = false
    const disk = {
      ...realDisk,
      syncFile: async (path: string) => {
        if (failing && path === files.ledger) throw Object.assign(new Error('injected'), { code: 'EIO' })
        await realDisk.syncFile(path)
      },
    }
    const ledger = await openWhole(files, 'write', null, disk)
    await ledger.append([published('a')])
    const { size } = statSync(files.ledger)
    failing = true
    await expect(ledger.append([published('b')])).rejects.toMatchObject({
      name: 'Failure',
      code: 'disk-failing',
    })
    failing = false
    await expect(ledger.append([published('c')])).rejects.toMatchObject({
      name: 'Failure',
      code: 'disk-failing',
    })
    expect(ledger.records.has(rel('b'))).toBe(false)
    expect(statSync(files.ledger).size).toBe(size)
    expect([...(await openWhole(files)).records.keys()]).toEqual(['a'])
  })

  test('a full disk takes the reserve, and then says so without half a line', async () => {
    const { files } = await newDestination()
    let room = 2000
    const disk = {
      ...realDisk,
      writeAt: async (path: string, offset: number, bytes: Uint8Array) => {
        const free = room + (existsSync(files.reserve) ? 0 : 1500)
        if (path === files.ledger && bytes.length > free) {
          await realDisk.writeAt(path, offset, bytes.subarray(0, free))
          throw Object.assign(new Error('injected'), { code: 'ENOSPC' })
        }
        room -= bytes.length
        await realDisk.writeAt(path, offset, bytes)
      },
    }
    const ledger = await openWhole(files, 'write', null, disk)
    expect(statSync(files.reserve).size).toBe(1 << 20)
    let appended = 0
    const fill = async (): Promise<void> => {
      for (;;) {
        await ledger.append([published(`f${appended}`)])
        appended++
      }
    }
    await expect(fill()).rejects.toMatchObject({ name: 'Failure', code: 'disk-full', retryable: true })
    expect(existsSync(files.reserve)).toBe(false)
    // Room comes back: the same ledger goes on, and the reserve with the next opening.
    room = 1 << 30
    await ledger.append([published('later')])
    const again = await openWhole(files)
    expect([again.records.size, again.recovered]).toEqual([appended + 1, null])
    expect(existsSync(files.reserve)).toBe(true)
  })

  test('a folder, a symlink or a pipe in its place is damage, and is not followed', async () => {
    const { files } = await newDestination()
    await realDisk.unlink(files.ledger)
    await realDisk.mkdir(files.ledger, 0o700)
    expect(await lookAtLedger(files)).toMatchObject({ state: 'damaged', halt: { code: 'ledger-damaged' } })
  })
})

describe('a head that was kept elsewhere', () => {
  test('is in the chain, or the chain was cut off before it, or is another one', async () => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    await ledger.append([published('a.tar', 'a'), published('b.tar', 'b')])
    const kept = parseHead(headText(ledger.head))!
    expect(kept).toEqual(ledger.head)
    const look = async (head: typeof kept) =>
      headIn((await readChain(realDisk, files.ledger, head, () => {}))!, head)
    await ledger.append([published('c.tar', 'c')])
    expect(await look(kept)).toBe('held')
    expect(await look({ ...kept, hash: '0'.repeat(64) })).toBe('other')
    const lines = linesOf(files.ledger)
    writeFileSync(files.ledger, `${lines.slice(0, 2).join('\n')}\n`)
    expect(await look(kept)).toBe('cut')
  })

  test.each(['', '7', `0:${'a'.repeat(64)}`, `7:${'A'.repeat(64)}`, `7:${'a'.repeat(63)}`])(
    '%j is none',
    (text) => {
      expect(parseHead(text)).toBeNull()
    },
  )
})

test('a long ledger is handed over while it is read', async () => {
  const { files } = await newDestination()
  const ledger = await openWhole(files)
  await ledger.append(Array.from({ length: 4000 }, (_, i) => published(`${i}.tar`, 'a')))
  let reads = 0
  const read: typeof realDisk.read = (...given) => {
    reads++
    return realDisk.read(...given)
  }
  const pieces = ledgerHistory({ ...realDisk, read }, files, null)
  expect((await pieces.next()).value).not.toHaveLength(4001)
  expect(reads).toBe(1)
})
