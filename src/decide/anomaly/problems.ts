import type { Anomaly } from '../../model/anomaly.ts'
import type { LedgerRecord } from '../../model/holding.ts'
import { humanSize } from '../../model/human-size.ts'
import { baseName } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import type { Problem } from '../../model/trouble.ts'
import { isOddAccepted } from '../files/facts.ts'

const CODES: Readonly<Record<Anomaly['kind'], string>> = {
  size: 'anomaly-size',
  same: 'anomaly-same',
  kind: 'anomaly-kind',
}

const ALL: ReadonlySet<string> = new Set(Object.values(CODES))

/** Whether a problem's file is whole and only unlike others: its backup is as it should be otherwise. */
export const isAnomaly = ({ code }: Pick<Problem, 'code'>): boolean => ALL.has(code)

/** What was odd about a published file, until the spec acknowledges its digest. Where the spec asks for none, none is reported. */
export function anomaliesOf(
  spec: Spec,
  path: string,
  record: Pick<LedgerRecord, 'md5' | 'sha256' | 'anomalies'>,
): readonly Problem[] {
  const { anomalies = [] } = record
  if (anomalies.length === 0 || spec.anomaly === undefined || isOddAccepted(spec, path, record)) return []
  const digest = record[spec.checksum]
  return anomalies.map((one) => ({
    // One that a later version has found has a kind that this one does not know.
    code: CODES[one.kind] ?? `anomaly-${one.kind}`,
    path,
    message: anomalyText(one),
    hint: `Look at it. If it is meant to be so, acknowledge its path in the spec with the digest ${digest}.`,
    retryable: false,
  }))
}

/** What is odd, as a sentence whose subject is the file. */
export function anomalyText(one: Anomaly): string {
  switch (one.kind) {
    case 'size': {
      const than = one.size < one.median ? 'small' : 'large'
      return `unusually ${than}: ${humanSize(one.size)}, and the median of the ${one.points} before it is ${humanSize(one.median)}`
    }
    case 'same':
      return `the same bytes as ${baseName(one.as)}, the one next to it: no two of its series were the same until now`
    case 'kind':
      return `its name says ${one.expected}, and it is ${one.found}`
    default:
      one satisfies never
      return 'is not like the others'
  }
}
