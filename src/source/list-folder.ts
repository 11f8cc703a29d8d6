import type { Listing } from '../model/listing.ts'
import type { Run } from '../model/run.ts'
import { explainFailure } from './explain-failure.ts'
import { explainLines } from './explain-lines.ts'
import { parseListing } from './parse-listing.ts'
import { listArguments } from './rsync-command.ts'
import { type Far, holdSession } from './session.ts'

/** Connection 1. Throws a Failure where the folder itself could not be listed. */
export async function listFolder(far: Far, run: Run): Promise<Listing> {
  const parser = parseListing()
  let heard = false
  const end = await holdSession(
    far,
    'list',
    {
      arguments: listArguments(far.place, far.ssh),
      input: null,
      fileLimit: 0,
      budget: Number.POSITIVE_INFINITY,
      hear: (chunk) => {
        heard = true
        return parser.hear(chunk)
      },
    },
    run,
  )
  // A folder that is there shows at least itself.
  if (!heard || /change_dir .* failed/.test(end.stderr))
    throw explainFailure('list', far.place, end, far.timeout)
  const { files, problems, garbled } = parser.end()
  const complaints = end.code === 0 ? [] : explainLines(end.stderr, () => null)
  return {
    completeness: end.code === 0 && !garbled ? 'complete' : 'incomplete',
    files,
    problems: [...problems, ...complaints],
  }
}
