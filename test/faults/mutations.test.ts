import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inFull } from '../helpers/extent.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** A line that keeps a promise, what is left when it is taken away, and the tests each of which must see that. */
interface Mutation {
  readonly file: string
  readonly find: string
  readonly put: string
  readonly tests: readonly string[]
  /** They run the built command. */
  readonly built?: true
}

const CRASH = 'test/faults/destination-crash.test.ts'
const REMOVAL = 'test/faults/removal-crash.test.ts'
const CONTRACT = 'test/contract/destination.test.ts'
const PUBLISH = 'test/destination/publish/publish.test.ts'

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'I3 I5: the fsync of staged data': {
    file: 'src/destination/publish/secure-staged.ts',
    find: '      await disk.syncFile(staged)\n',
    put: '',
    tests: [CRASH],
  },
  'I5: staged bytes whose fsync failed are thrown away': {
    file: 'src/destination/publish/secure-staged.ts',
    find: '      await disk.unlink(staged)\n',
    put: '',
    tests: ['test/faults/destination-disk-errors.test.ts'],
  },
  'I3 I5: the fsync of adopted data': {
    file: 'src/destination/publish/judge-standing.ts',
    find: '  await site.disk.syncFile(final)\n',
    put: '',
    tests: [CRASH],
  },
  'I5: the fsync of a marker': {
    file: 'src/destination/publish/place-markers.ts',
    find: '    if (name !== undefined) await site.disk.syncFile(name)\n',
    put: '',
    tests: [CRASH],
  },
  'I3 I5: the fsync of the folders of a batch': {
    file: 'src/destination/disk/for-each-file.ts',
    find: '  const failed = await seen.sync()\n',
    put: '  const failed: Awaited<ReturnType<Folders["sync"]>> = new Map()\n',
    tests: [CRASH, REMOVAL],
  },
  'I3: data is durable under its name before its marker comes': {
    file: 'src/destination/publish/publish.ts',
    find: '  left = await synced(left, seen, verdicts, (request) => [finalPath(site, request.path)])\n',
    put: '',
    tests: [CRASH],
  },
  'I5: the fsync of the folders of a repair': {
    file: 'src/destination/publish/quarantine.ts',
    find: '  for (const error of (await seen.sync()).values()) throw error\n',
    put: '',
    tests: [CRASH],
  },
  'I5: names that an earlier run left unsynced': {
    file: 'src/destination/look/ownership.ts',
    find: '    for (const folder of [files.own, destination]) await disk.syncFolder(folder)\n',
    put: '',
    tests: ['test/destination/ledger/power-cut.test.ts'],
  },
  'I10: lines that an earlier run left unsynced': {
    file: 'src/destination/look/ownership.ts',
    find: "    if ((await disk.lstat(files.ledger))?.kind === 'file') await disk.syncFile(files.ledger)\n",
    put: '',
    tests: ['test/destination/ledger/power-cut.test.ts'],
  },
  'I5: the names that a run made which was cut off': {
    file: 'src/destination/publish/recover.ts',
    find: '      await syncFolders(site, site.path)\n',
    put: '',
    tests: [CRASH],
  },
  'I5 I10: the fsync of the ledger': {
    file: 'src/destination/ledger/append.ts',
    find: '    await disk.syncFile(files.ledger)\n',
    put: '',
    tests: ['test/destination/ledger/power-cut.test.ts'],
  },
  'I10: half a line is cut off again': {
    file: 'src/destination/ledger/append.ts',
    find: '    await disk.truncate(files.ledger, end).catch(() => undefined)\n',
    put: '',
    tests: ['test/destination/ledger/ledger.test.ts'],
  },
  'I7: a repair is recorded first': {
    file: 'src/destination/publish/replace.ts',
    find: '    await site.ledger.append([intent])\n',
    put: '',
    tests: [CRASH],
  },
  'I2: the marker goes before rotten data': {
    file: 'src/destination/publish/replace.ts',
    find: "    if (replacement === 'staged' || !agrees(digests, digest))\n",
    put: '    if (!agrees(digests, digest))\n',
    tests: [CRASH],
  },
  'I7 I8: a removal is recorded first': {
    file: 'src/destination/trash/prune.ts',
    find: '    const isRecorded = await recorded(\n',
    put: '    const isRecorded = true || await recorded(\n',
    tests: [REMOVAL],
  },
  'I2: the marker is removed before its data': {
    file: 'src/destination/trash/prune.ts',
    find: '    for (const place of await places(finalPath(site, path))) await moveToTrash(site, trash, place, seen)\n',
    put: '',
    tests: [REMOVAL],
  },
  'I7: putting back is recorded first': {
    file: 'src/destination/trash/undo.ts',
    find: '    if (await recorded(site, sound, sound, verdicts)) await',
    put: '    await',
    tests: [REMOVAL],
  },
  'I2: what comes out of the trash is what went in': {
    file: 'src/destination/trash/judge.ts',
    find: '  if (isRead(inTrash) && !sameDigests(inTrash.digests, record))\n',
    put: '  if (false)\n',
    tests: [CONTRACT],
  },
  'the gate: one link': {
    file: 'src/destination/publish/gate.ts',
    find: '  if (stat.links !== 1)\n',
    put: '  if (false)\n',
    tests: [PUBLISH],
  },
  'I1: one link, when it is published': {
    file: 'src/destination/publish/secure-staged.ts',
    find: ' && now?.links === 1 ?',
    put: ' ?',
    tests: [PUBLISH],
  },
  'I1: one link, before rsync writes': {
    file: 'src/destination/publish/stage.ts',
    find: "  if (stat.links > 1 && (await detach(site, path, 'write')) === 'removed') return null\n",
    put: '',
    tests: [CONTRACT],
  },
  'the gate: a regular file': {
    file: 'src/destination/publish/gate.ts',
    find: "  if (stat.kind !== 'file')\n",
    put: '  if (false)\n',
    tests: [PUBLISH],
  },
  'I6: no symlinked folder': {
    file: 'src/destination/disk/folders.ts',
    find: "      if (stat !== null && stat.kind !== 'folder') return inTheWay(path, at, stat.kind, doing)\n",
    put: '',
    tests: [PUBLISH],
  },
  'the gate: the size that was listed': {
    file: 'src/destination/publish/gate.ts',
    find: "  return stat.size === size ? stat : { verdict: 'size', size: stat.size }\n",
    put: '  return stat\n',
    tests: [CONTRACT],
  },
  'the gate: md5': {
    file: 'src/destination/publish/gate.ts',
    find: "verdict: agrees(digests, digest) ? 'passed' : 'mismatch',",
    put: "verdict: 'passed',",
    tests: [CONTRACT],
  },
  'what is published is what was judged': {
    file: 'src/destination/publish/secure-staged.ts',
    find: 'judged !== undefined && isStill(now, judged) && ',
    put: '',
    tests: [CONTRACT],
  },
  'I4: a link, and no rename': {
    file: 'src/destination/publish/put-in-place.ts',
    find: '  const linked = await site.disk.link(staged, final)\n',
    put: "  const linked: string = await site.disk.rename(staged, final).then(() => 'linked')\n",
    tests: [CONTRACT],
  },
  'I4: O_EXCL': {
    file: 'src/destination/disk/real-disk.ts',
    find: 'O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW',
    put: 'O_WRONLY | O_CREAT | O_NOFOLLOW',
    tests: ['test/destination/disk/real-disk.test.ts'],
  },
  'I2: no data next to a marker that says something else': {
    file: 'src/destination/publish/publish.ts',
    find: '      if (likeDigest(digests, digest) !== digest)\n',
    put: '      if (false)\n',
    tests: [CONTRACT],
  },
  'I5: the fsync of a file on a real disk': {
    file: 'src/destination/disk/real-disk.ts',
    find: '      await fsyncInPool(descriptor)\n',
    put: '      void fsyncInPool\n',
    tests: ['test/faults/disk-troubles.test.ts'],
    built: true,
  },
  'I5: the fsync of a folder on a real disk': {
    file: 'src/destination/disk/real-disk.ts',
    find: '  syncFolder: (path) => synced(path, READ | O_DIRECTORY),\n',
    put: '  syncFolder: async () => void [synced, O_DIRECTORY],\n',
    tests: ['test/faults/disk-troubles.test.ts'],
    built: true,
  },
  'restore: the bytes are those that were published': {
    file: 'src/restore/copy-verified.ts',
    find: "  return { state: isRight(hashes, digests) ? 'right' : 'other' }\n",
    put: "  return { state: isRight(hashes, digests) || hashes.length > 0 ? 'right' : 'other' }\n",
    tests: ['test/e2e/restore.test.ts'],
    built: true,
  },
  'restore: the fsync of a copy': {
    file: 'src/restore/copy-verified.ts',
    find: '    await file.sync()\n',
    put: '    await file.stat()\n',
    tests: ['test/faults/disk-troubles.test.ts'],
    built: true,
  },
  'restore: a copy whose fsync failed is thrown away': {
    file: 'src/restore/copy-verified.ts',
    find: '    if (part !== null) await promises.unlink(part).catch(() => {})\n',
    put: '',
    tests: ['test/faults/disk-troubles.test.ts'],
    built: true,
  },
  'restore: the fsync of the folders that have the names': {
    file: 'src/restore/copy-verified.ts',
    find: '  for (const folder of folders.unsynced) await synced(folder, O_RDONLY)\n',
    put: '  void synced\n',
    tests: ['test/faults/disk-troubles.test.ts'],
    built: true,
  },
  'restore: the fsync of the folders in which folders were made': {
    file: 'src/restore/copy-verified.ts',
    find: '      for (const above of made) unsynced.add(above)\n',
    put: '',
    tests: ['test/faults/disk-troubles.test.ts'],
    built: true,
  },
  'I9: what a prune relies on is read again': {
    file: 'src/destination/verify.ts',
    find: '    else if (sameDigests(site.ledger.records.get(path)!, standing.digests))\n',
    put: '    else if (sameDigests(standing.digests, standing.digests))\n',
    tests: [CONTRACT],
  },
  'verify: the bytes are those that were published': {
    file: 'src/decide/verify/findings.ts',
    find: '  else if (read.digests?.md5 !== md5 || read.digests.sha256 !== sha256)\n',
    put: "  else if (read.digests?.md5 === '')\n",
    tests: ['test/e2e/verify.test.ts'],
    built: true,
  },
  'the end of the whole group': {
    file: 'src/system/child.ts',
    find: '    await untilGone(group)\n',
    put: '',
    tests: ['test/system/child.test.ts'],
  },
  'I11: the lock is held': {
    file: 'src/system/lock.ts',
    find: '      if (!(await lock(descriptor, waitSeconds, signal))) return null\n',
    put: '      await lock(descriptor, waitSeconds, signal)\n',
    tests: ['test/system/lock.test.ts'],
  },
  'I11: what is started has the lock too': {
    file: 'src/system/child.ts',
    find: "...(typeof call.inherit === 'number' ? [call.inherit] : [])",
    put: '',
    tests: ['test/system/lock.test.ts'],
  },
}

test.each(Object.entries(MUTATIONS))(
  '%s: still there, once, with its tests',
  async (_, { file, find, tests }) => {
    const text = await readFile(join(ROOT, file), 'utf8')
    expect(text.split(find).length - 1, `${file} has ${JSON.stringify(find)} how often`).toBe(1)
    for (const one of tests) expect(existsSync(join(ROOT, one)), one).toBe(true)
  },
)

const CONFIGS = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'vitest.config.ts']
const PARTS = ['src', 'schemas', 'scripts', 'dist', 'test', ...CONFIGS]

/** In CI only the lines themselves are looked at. */
const inTurn = inFull<typeof describe | null>(describe, null)
inTurn?.('each line taken away in turn, and each of its tests sees it', () => {
  let copy: string
  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'mutations-'))
    for (const part of PARTS) await cp(join(ROOT, part), join(copy, part), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  })
  afterAll(() => rm(copy, { recursive: true, force: true }))

  test.each(Object.entries(MUTATIONS))('%s', async (_, { file, find, put, tests, built }) => {
    const at = join(copy, file)
    const text = await readFile(at, 'utf8')
    await writeFile(
      at,
      text.replace(find, () => put),
    )
    try {
      if (built) await execa(process.execPath, ['scripts/build.js'], { cwd: copy })
      for (const one of tests) expect(await failing(one), `${one} has seen nothing`).toBeGreaterThan(0)
    } finally {
      await writeFile(at, text)
    }
  })

  /** How many of its tests fail. A file that cannot even be loaded has none that does. */
  async function failing(one: string): Promise<number> {
    const report = join(copy, 'report.json')
    await rm(report, { force: true })
    const words = [
      'vitest',
      'run',
      one,
      '--bail=1',
      '--reporter=json',
      `--outputFile=${report}`,
      '--testTimeout=60000',
    ]
    const ended = await execa('npx', words, {
      cwd: copy,
      reject: false,
      env: { TEST_EXTENT: 'quick' },
      timeout: 300_000,
    })
    if (!existsSync(report)) throw new Error(`${one} gave no report: ${ended.stderr}`)
    return (JSON.parse(await readFile(report, 'utf8')) as { numFailedTests: number }).numFailedTests
  }
})
