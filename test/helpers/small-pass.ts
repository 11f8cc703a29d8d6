import { join } from 'node:path'
import type { Disk } from '../../src/destination/disk/disk.ts'
import { Failure } from '../../src/model/failure.ts'
import type { LockedDestination, PublishRequest } from '../../src/model/ports.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { Problem } from '../../src/model/trouble.ts'
import { arrive, bytesOf, digestsOf, quietRun, toAdopt, toPublish } from '../contract/destination.ts'

/**
 * One pass over a destination, as small as it can be: brings `wanted` (path -> text) there by whatever step each file calls for, and
 * tells what was reported as complete, as it is reported. A held file is read anew each time, so that rot is found. What is called
 * `v-NAME` is a version of what the source calls `s-NAME`.
 */
export async function smallPass(
  disk: Disk,
  locked: LockedDestination,
  path: string,
  wanted: Readonly<Record<string, string>>,
  report: (path: string) => void,
  trouble: (problem: Problem) => void,
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
    const request = { ...toAdopt(name, judge, text), ...origin(name) }
    const verdict = (await locked.adopt([request], quietRun())).get(request.path)!
    if (verdict.verdict === 'adopted') report(name)
    else if (verdict.verdict === 'problem') trouble(verdict.problem)
    else pulls.set(name, isRecorded ? 'repair' : 'unmarked')
  }
  const requests = [...pulls].map(([name, over]) => ({
    ...toPublish(name, wanted[name]!, over),
    ...origin(name),
  }))
  const arrived: PublishRequest[] = []
  for (const request of requests) {
    try {
      await arrive({ disk }, locked, request.from ?? request.path, wanted[request.path]!)
      arrived.push(request)
    } catch (error) {
      // What rsync could not write has not come.
      if (!(error instanceof Error && 'code' in error && 'path' in error) || error instanceof Failure)
        throw error
      trouble({
        code: 'not-delivered',
        path: request.path,
        message: error.message,
        hint: 'It comes next time.',
      })
    }
  }
  const gated = await locked.gate(
    arrived.map(({ path: name, from, size, digests }) => ({ path: name, from, size, digest: digests.md5 })),
    quietRun(),
  )
  const passed = arrived.filter(({ path: name }) => {
    const verdict = gated.get(name)!
    if (verdict.verdict === 'refused') trouble(verdict.problem)
    else if (verdict.verdict !== 'passed') throw new Error(`${name}: ${JSON.stringify(verdict)}`)
    return verdict.verdict === 'passed'
  })
  for (const [name, verdict] of await locked.publish(passed, quietRun())) {
    if (verdict.verdict === 'published') report(name)
    else if (verdict.verdict === 'problem') trouble(verdict.problem)
    else throw new Error(`${name}: ${JSON.stringify(verdict)}`)
  }
}

const origin = (name: string): { readonly from?: RelPath } =>
  /(?:^|\/)v-/.test(name) ? { from: name.replace(/v-([^/]*)$/, 's-$1') as RelPath } : {}
