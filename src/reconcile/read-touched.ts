import type { Holding } from '../model/holding.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Opened } from './pass-context.ts'

/**
 * What is here, after published files were read again whose time of change is not the one on record. Where their bytes are the same, only
 * the record is brought up to date (I7: the next pass reads nothing).
 */
export async function inspectAndRead({ destination, spec, run }: Opened): Promise<Holding> {
  const holding = await destination.inspect(run)
  const { files, records, halt } = holding
  const touched: RelPath[] = []
  let bytes = 0
  for (const [path, { isTouched, size, marker }] of files) {
    const record = records.get(path)
    if (isTouched !== true || marker === null || record?.size !== size || record.isRotten) continue
    touched.push(path)
    bytes += size
  }
  if (halt !== null || touched.length === 0) return holding
  run.emit({ type: 'gating', backup: spec.name, files: touched.length, bytes })
  const verdicts = await destination.verify(touched, run)
  const rotten = touched.filter((path) => verdicts.get(path)?.verdict === 'mismatch')
  await destination.record(
    rotten.map((path) => ({ event: 'rotten', path })),
    run,
  )
  return destination.inspect(run)
}
