import { join } from 'node:path'
import type { Disk } from '../../src/destination/disk.ts'
import type { LockedDestination } from '../../src/model/ports.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import { arrive, bytesOf, digestsOf, quietRun, toAdopt, toPublish } from '../contract/destination.ts'

/**
 * One pass over a destination, as small as it can be: brings `wanted` (path -> text) there by whatever step each file calls for, and
 * tells what was reported as complete, as it is reported. A held file is read anew each time, so that rot is found.
 */
export async function smallPass(
  disk: Disk,
  locked: LockedDestination,
  path: string,
  wanted: Readonly<Record<string, string>>,
  report: (path: string) => void,
): Promise<void> {
  await locked.recover(quietRun())
  const pulls = new Map<string, 'new' | 'repair' | 'unmarked'>()
  const holding = await locked.inspect(quietRun())
  if (holding.halt !== null) throw new Error(`${holding.halt.code}: ${holding.halt.message}`)
  for (const [name, text] of Object.entries(wanted)) {
    const held = holding.files.get(name as RelPath)
    const isRecorded = holding.records.has(name as RelPath)
    if (held === undefined) {
      pulls.set(name, isRecorded ? 'repair' : 'new')
      continue
    }
    if (held.marker !== null && isRecorded) {
      const bytes = (await disk.read(join(path, name))) ?? new Uint8Array()
      if (digestsOf(bytes).md5 !== digestsOf(bytesOf(text)).md5) pulls.set(name, 'repair')
      continue
    }
    const judge = held.marker !== null ? 'pair' : isRecorded ? 'ledger' : 'source'
    const request = toAdopt(name, judge, text)
    const verdict = (await locked.adopt([request], quietRun())).get(request.path)!
    if (verdict.verdict === 'adopted') report(name)
    else if (verdict.verdict === 'problem')
      throw new Error(`${verdict.problem.code} ${name}: ${verdict.problem.message}`)
    else pulls.set(name, isRecorded ? 'repair' : 'unmarked')
  }
  const requests = [...pulls].map(([name, over]) => toPublish(name, wanted[name]!, over))
  for (const { path: name } of requests) await arrive({ disk }, locked, name, wanted[name]!)
  await locked.gate(
    requests.map(({ path: name, size, digests }) => ({ path: name, size, digest: digests.md5 })),
    quietRun(),
  )
  for (const [name, verdict] of await locked.publish(requests, quietRun())) {
    if (verdict.verdict === 'published') report(name)
    else throw new Error(`${name}: ${JSON.stringify(verdict)}`)
  }
}
