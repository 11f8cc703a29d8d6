import { type Concern, EVERYTHING, type Listing } from '../model/listing.ts'
import type { Run } from '../model/run.ts'
import { bootTime } from '../system/boot-time.ts'
import { explainFailure } from './explain-failure.ts'
import { parseListing } from './parse-listing.ts'
import { type Far, listArguments } from './rsync-command.ts'
import { holdSession } from './session.ts'
import { type Complaints, weighComplaints } from './weigh-complaints.ts'

const NONE: Complaints = { areRuledOut: true, problems: [] }

/** Connection 1. Throws a Failure where the folder itself could not be listed. */
export async function listFolder(far: Far, run: Run, concern: Concern = EVERYTHING): Promise<Listing> {
  const parser = parseListing(concern, far.place.listing !== null)
  let heard = false
  const end = await holdSession(
    far,
    'list',
    {
      arguments: listArguments(far),
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
  // An existing folder lists at least itself.
  if (!heard || /change_dir .* failed/.test(end.stderr))
    throw await explainFailure('list', far, end, run.signal)
  const { files, links, folders, problems, garbled } = parser.end()
  const complaints = end.code === 0 ? NONE : weighComplaints(end.stderr, folders, concern)
  return {
    booted: await bootTime(),
    completeness: complaints.areRuledOut && !garbled ? 'complete' : 'incomplete',
    files,
    links,
    problems: [...problems, ...complaints.problems],
  }
}
