import { anomaliesOf } from '../decide/anomaly/problems.ts'
import type { WantedFile } from '../decide/transfer/wanted-file.ts'
import type { AnomalyJudge } from '../model/anomaly.ts'
import type { DigestPair } from '../model/digest.ts'
import { humanPart } from '../model/human-size.ts'
import type { GateVerdict, PublishRequest } from '../model/ports.ts'
import type { Problem } from '../model/trouble.ts'
import type { Brought } from './bring.ts'
import type { Pass } from './pass-context.ts'

/** A staged file of the right size, with the digests of its bytes. */
export interface HashedFile {
  readonly file: WantedFile
  readonly digests: DigestPair
  /** Its first 512 bytes. */
  readonly head: string
}

/** A pass that knows what is odd about what it brings; null: nobody asks. */
export interface JudgingPass extends Pass {
  readonly judge: AnomalyJudge | null
}

/**
 * Gates a batch that has arrived, and publishes what passes. Returns the files that did not match. `ended`: how it came; where the session
 * broke, that is why files are missing or not whole.
 */
export async function gateAndPublish(
  batch: readonly WantedFile[],
  ended: Brought['ended'],
  pass: JudgingPass,
): Promise<readonly HashedFile[]> {
  const { destination, spec, tally, run } = pass
  const bytes = batch.reduce((sum, file) => sum + file.size, 0)
  run.emit({ type: 'gating', backup: spec.name, files: batch.length, bytes })
  const verdicts = await destination.gate(batch, run)
  const mismatches: HashedFile[] = []
  const passed: HashedFile[] = []
  for (const file of batch) {
    const verdict = verdicts.get(file.path) ?? { verdict: 'missing' }
    if ('digests' in verdict) {
      const { digests, head } = verdict
      const judged = verdict.verdict === 'passed' ? passed : mismatches
      judged.push({ file, digests, head })
    } else if (ended === 'broken' && isStillToCome(file, verdict)) continue
    else if (verdict.verdict === 'missing' && tally.isDiskFull()) tally.leave(file.path, noRoom(file))
    else tally.leave(file.path, problemOfVerdict(file, verdict))
  }
  await publishPassed(passed, pass)
  return mismatches
}

export async function publishPassed(
  passed: readonly HashedFile[],
  { destination, spec, origin, tally, judge, run }: JudgingPass,
): Promise<void> {
  if (passed.length === 0) return
  // What is put back has the bytes that were judged when they first came.
  const fresh = passed.filter(({ file }) => file.over !== 'repair')
  const odd = judge?.(fresh.map(({ file: { path, size }, ...read }) => ({ path, size, ...read })))
  const requests = passed.map(
    ({ file, digests }): PublishRequest => ({ ...file, digests, anomalies: odd?.get(file.path), ...origin }),
  )
  const verdicts = await destination.publish(requests, run)
  for (const { file, digests } of passed) {
    const verdict = verdicts.get(file.path)
    if (verdict === undefined) throw new Error(`publishing ${file.path} came to no verdict`)
    if (verdict.verdict === 'published') {
      tally.publish(file)
      const found = { ...digests, anomalies: odd?.get(file.path) ?? [] }
      for (const problem of anomaliesOf(spec, file.path, found)) tally.trouble(problem)
    } else if (verdict.verdict === 'conflict') tally.clash(verdict.conflict)
    else tally.leave(file.path, verdict.problem)
  }
}

const isStillToCome = (file: WantedFile, verdict: GateVerdict): boolean =>
  verdict.verdict === 'missing' || (verdict.verdict === 'size' && verdict.size < file.size)

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
