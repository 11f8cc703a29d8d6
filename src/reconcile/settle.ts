import type { WantedFile } from '../decide/transfer/wanted-file.ts'
import type { DigestPair } from '../model/digest.ts'
import { humanPart } from '../model/human-size.ts'
import type { GateVerdict, PublishRequest } from '../model/ports.ts'
import type { Problem } from '../model/trouble.ts'
import type { Pass } from './pass-context.ts'

/** A file whose staged bytes are as many as they should be, and are not those its marker names. */
export interface Mismatch {
  readonly file: WantedFile
  readonly digests: DigestPair
}

/** Judges a batch that has come, and publishes what passes. Returns the files that did not match. */
export async function settle(batch: readonly WantedFile[], pass: Pass): Promise<readonly Mismatch[]> {
  const { destination, spec, tally, run } = pass
  const bytes = batch.reduce((sum, file) => sum + file.size, 0)
  run.emit({ type: 'gating', backup: spec.name, files: batch.length, bytes })
  const verdicts = await destination.gate(batch, run)
  const mismatches: Mismatch[] = []
  const passed: { readonly file: WantedFile; readonly digests: DigestPair }[] = []
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
  passed: readonly Mismatch[],
  { destination, origin, tally, run }: Pass,
): Promise<void> {
  if (passed.length === 0) return
  const requests = passed.map(
    ({ file, digests }): PublishRequest => ({
      path: file.path,
      size: file.size,
      digests,
      marker: file.marker,
      mtime: file.mtime,
      markerMtime: file.markerMtime,
      over: file.over,
      ...origin,
    }),
  )
  const verdicts = await destination.publish(requests, run)
  for (const { file } of passed) {
    const verdict = verdicts.get(file.path)
    if (verdict === undefined) throw new Error(`publishing ${file.path} came to no verdict`)
    if (verdict.verdict === 'published') tally.publish(file)
    else if (verdict.verdict === 'conflict') tally.clash(verdict.conflict)
    else tally.leave(file.path, verdict.problem)
  }
}

/** The source is not to be blamed for what had no place here. */
const noRoom = ({ path }: WantedFile): Problem => ({
  code: 'disk-full',
  path,
  message: 'did not come, for the disk here is full',
  hint: 'Make room at the destination; the next run brings it.',
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
      message: 'was asked for, and the source sent nothing',
      hint: 'It is asked for again by the next run. Look at the file at the source if this goes on.',
    }
  }
  return verdict.size < file.size
    ? {
        code: 'not-whole',
        path: file.path,
        message: `${humanPart(verdict.size, file.size)} have come; they are kept in staging`,
        hint: 'The next run goes on from there.',
      }
    : {
        code: 'changed-during-transfer',
        path: file.path,
        message: `has grown at the source since it was listed: from ${file.size} bytes to ${verdict.size} or more`,
        hint: 'The next run looks again. Its producer should write it under another name and rename it when it is done.',
      }
}
