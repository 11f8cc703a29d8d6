import type { WantedFile } from '../decide/transfer/wanted-file.ts'
import type { DigestPair } from '../model/digest.ts'
import { humanPart } from '../model/human-size.ts'
import type { GateVerdict, PublishRequest } from '../model/ports.ts'
import type { Problem } from '../model/trouble.ts'
import type { Pass } from './pass-context.ts'

/** A staged file of the right size, with the digests of its bytes. */
export interface HashedFile {
  readonly file: WantedFile
  readonly digests: DigestPair
}

/** Gates a batch that has arrived, and publishes what passes. Returns the files that did not match. */
export async function gateAndPublish(
  batch: readonly WantedFile[],
  pass: Pass,
): Promise<readonly HashedFile[]> {
  const { destination, spec, tally, run } = pass
  const bytes = batch.reduce((sum, file) => sum + file.size, 0)
  run.emit({ type: 'gating', backup: spec.name, files: batch.length, bytes })
  const verdicts = await destination.gate(batch, run)
  const mismatches: HashedFile[] = []
  const passed: HashedFile[] = []
  for (const file of batch) {
    const verdict = verdicts.get(file.path) ?? { verdict: 'missing' }
    if (verdict.verdict === 'passed') passed.push({ file, digests: verdict.digests })
    else if (verdict.verdict === 'mismatch') mismatches.push({ file, digests: verdict.digests })
    else if (verdict.verdict === 'missing' && tally.isDiskFull()) tally.leave(file.path, noRoom(file))
    else tally.leave(file.path, problemOfVerdict(file, verdict))
  }
  await publishPassed(passed, pass)
  return mismatches
}

export async function publishPassed(
  passed: readonly HashedFile[],
  { destination, origin, tally, run }: Pass,
): Promise<void> {
  if (passed.length === 0) return
  const requests = passed.map(({ file, digests }): PublishRequest => ({ ...file, digests, ...origin }))
  const verdicts = await destination.publish(requests, run)
  for (const { file } of passed) {
    const verdict = verdicts.get(file.path)
    if (verdict === undefined) throw new Error(`publishing ${file.path} came to no verdict`)
    if (verdict.verdict === 'published') tally.publish(file)
    else if (verdict.verdict === 'conflict') tally.clash(verdict.conflict)
    else tally.leave(file.path, verdict.problem)
  }
}

/** Not the source's fault: there was no space here. */
const noRoom = ({ path }: WantedFile): Problem => ({
  code: 'disk-full',
  path,
  message: 'was not transferred: the disk here is full',
  hint: 'Free some space at the destination; the next run pulls it.',
})

function problemOfVerdict(
  file: WantedFile,
  verdict: Exclude<GateVerdict, { verdict: 'passed' | 'mismatch' }>,
): Problem {
  if (verdict.verdict === 'refused') return verdict.problem
  if (verdict.verdict === 'missing') {
    return {
      code: 'not-delivered',
      path: file.path,
      message: 'was requested, but the source sent nothing',
      hint: 'The next run requests it again. If this persists, check the file at the source.',
    }
  }
  return verdict.size < file.size
    ? {
        code: 'not-whole',
        path: file.path,
        message: `${humanPart(verdict.size, file.size)} have arrived and are kept in staging`,
        hint: 'The next run continues from there.',
      }
    : {
        code: 'changed-during-transfer',
        path: file.path,
        message: `has grown at the source since it was listed: from ${file.size} bytes to ${verdict.size} or more`,
        hint: 'The next run checks it again. Have it written under a temporary name and renamed when it is done.',
      }
}
