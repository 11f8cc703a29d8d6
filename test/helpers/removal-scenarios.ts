import { markerOf } from '../../src/model/marker-name.ts'
import { parseMarker } from '../../src/model/parse-marker.ts'
import type { LockedDestination, PruneRequest, PruneVerdict } from '../../src/model/ports.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import { bytesOf, digestsOf, quietRun, toPrune } from '../contract/destination.ts'
import { complete, ledgerOf, lockedOn, PATH, pair, passOf } from './crash-scenarios.ts'
import { type ModelDisk, modelDisk } from './model-disk.ts'

type Verdict = PruneVerdict | PruneVerdict
type Files = Readonly<Record<string, string>>

/** Published before anything is removed. */
const FILES: Files = { a: 'one', 'd/e/b': 'two', 'd/kept': 'kept' }
const REMOVED = ['a', 'd/e/b'] as RelPath[]
/** Stands beside `a` as well. */
const SECOND = { 'a.SHA256': `${digestsOf(bytesOf('one')).sha256}  a\n` }
const WHOLE = { ...complete(FILES), ...SECOND }

interface Removal {
  /** Done durably before. */
  readonly before: readonly Act[]
  readonly act: Act
  /** In the end, outside `.reconcile` and in the trash without its events' names. */
  readonly published: Files
  readonly trash: Files
}

/** What a person or a policy does once recovery is through: to whatever of it is left to do. */
type Act = (locked: LockedDestination) => Promise<ReadonlyMap<RelPath, Verdict>>

const prune: Act = async (locked) => {
  const { pruned } = await locked.inspect(quietRun())
  const requests = REMOVED.filter((path) => !pruned.has(path)).map((path): PruneRequest => toPrune(path))
  return locked.prune(requests, quietRun())
}

const undo: Act = async (locked) => {
  const { pruned } = await locked.inspect(quietRun())
  return locked.undoPrune([...pruned.keys()], { reason: 'was needed', by: 'ann' }, quietRun())
}

const expire: Act = async (locked) => {
  const { pruned } = await locked.inspect(quietRun())
  const lying = [...pruned].filter(([, { trash }]) => trash !== null).map(([path]) => path)
  return locked.expireTrash(lying, quietRun())
}

const kept = complete({ 'd/kept': 'kept' })
const gone = { ...complete({ a: 'one', 'd/e/b': 'two' }), ...SECOND }

export const REMOVALS: Readonly<Record<string, Removal>> = {
  pruning: { before: [], act: prune, published: kept, trash: gone },
  'putting back': { before: [prune], act: undo, published: WHOLE, trash: {} },
  expiring: { before: [prune], act: expire, published: kept, trash: {} },
}

const begun = new Map<string, Promise<ModelDisk>>()
export async function beginRemoval(name: string, hardLinks: boolean): Promise<ModelDisk> {
  const key = `${hardLinks} ${name}`
  const first = begun.get(key) ?? build(REMOVALS[name]!, hardLinks)
  begun.set(key, first)
  return (await first).fork()
}

async function build({ before }: Removal, hardLinks: boolean): Promise<ModelDisk> {
  const disk = modelDisk({ hardLinks })
  await disk.mkdir('/model', 0o755)
  await disk.mkdir(PATH, 0o755)
  await passOf(disk, FILES)
  for (const [path, text] of Object.entries(SECOND))
    await disk.create(`${PATH}/${path}`, bytesOf(text), 0o444)
  for (const act of before) await removalPass(disk, act)
  disk.powerCut((count) => count - 1)
  return disk
}

/** Recovery, and then the act. Tells the paths that were reported as done. */
export async function removalPass(
  disk: ModelDisk,
  act: Act,
  report: (path: string) => void = () => {},
  trouble: (message: string) => void = (message) => {
    throw new Error(message)
  },
): Promise<void> {
  const locked = await lockedOn(disk)
  await locked.recover(
    quietRun({
      emit: (event) => {
        if (event.type === 'problem') trouble(`${event.problem.code}: ${event.problem.message}`)
      },
    }),
  )
  for (const [path, verdict] of await act(locked)) {
    if (verdict.verdict === 'done') report(path)
    else trouble(`${verdict.problem.code}: ${verdict.problem.message}`)
  }
}

const filesUnder = (
  disk: ModelDisk,
  root: string,
  which: (path: string) => boolean = () => true,
): [string, string][] =>
  [...disk.peek(root)]
    .filter(([path]) => which(path))
    .map(([path, bytes]) => [path, Buffer.from(bytes).toString('latin1')])

/** What lies in the trash, without the names of its events. */
export const trashOf = (disk: ModelDisk): Record<string, string> =>
  Object.fromEntries(
    filesUnder(disk, `${PATH}/.reconcile/trash`)
      .map(([path, text]): [string, string] => [path.slice(path.indexOf('/') + 1), text])
      .sort(),
  )

/** I2, and: no bytes are ever neither published nor in the trash, but those that may go for good. */
export function checkRemoval(disk: ModelDisk, name: string, when: string): void {
  const files = new Map(filesUnder(disk, PATH, (path) => !path.startsWith('.reconcile/')))
  for (const [path, text] of files) {
    const of = markerOf(path)
    if (of === null) continue
    const data = files.get(of.data)
    const claim = parseMarker(Buffer.from(text, 'latin1'), of.data, of.kind)
    if (data === undefined || !('digest' in claim) || digestsOf(bytesOf(data))[of.kind] !== claim.digest)
      throw new Error(`I2 broken ${when}: ${path} stands beside ${JSON.stringify(data)}`)
  }
  const trash = trashOf(disk)
  for (const [path, text] of Object.entries(FILES)) {
    const mayGo = name === 'expiring' && REMOVED.includes(path as RelPath)
    if (!mayGo && files.get(path) !== text && trash[path] !== text)
      throw new Error(`${path} is neither published nor in the trash ${when}`)
  }
}

/** Removals and returns that the ledger saw begin and not end. */
export function openRemovals(disk: ModelDisk): number {
  const ledger = ledgerOf(disk)
  const count = (event: string) => ledger.split(`"event":"${event}"`).length - 1
  return count('prune-begin') + count('undo-begin') - count('prune-done') - count('undo-done')
}

export const isReported = (disk: ModelDisk, name: string, path: string): boolean => {
  const files = disk.peek(PATH)
  if (name === 'putting back') return files.has(path) && files.has(`${path}.md5`)
  if (files.has(path) || files.has(`${path}.md5`)) return false
  const text = FILES[path]!
  const trash = trashOf(disk)
  return name === 'pruning'
    ? Object.entries(pair(path, text)).every(([one, bytes]) => trash[one] === bytes)
    : trash[path] === undefined
}
