import { join } from 'node:path'
import type { Listing } from '../model/listing.ts'
import { isSidecar, isSumsFile } from '../model/marker-name.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import { inTemporaryFolder } from '../system/temporary-folder.ts'
import { readSmall } from './fetch-files.ts'
import { prepareFar } from './open-source.ts'
import { fetchArguments, namesOnStdin, type Place } from './rsync-command.ts'
import { holdSession } from './session.ts'

/** Bytes of a file, and files of a kind. */
const LARGEST = 64 * 1024
const MOST_SIDECARS = 50
const MOST_OTHERS = 10
const PERHAPS_SUMS = /\.(?:txt|sums?|lst|list|sfv)$/i

/**
 * The newest few of the small files that may say how a source works: sidecars, sums files. One session; as text of bytes that nobody has
 * checked. What does not come is left out. Throws a Failure where the session itself fails.
 */
export async function readTexts(
  place: Place,
  { files }: Listing,
  timeout: number,
  run: Run,
): Promise<ReadonlyMap<RelPath, string>> {
  const small = [...files].filter(([, { size }]) => size > 0 && size <= LARGEST)
  const newest = small.toSorted(([, a], [, b]) => b.mtime - a.mtime).map(([path]) => path)
  const wanted = [
    ...newest.filter((path) => isSidecar(path) && !isSumsFile(path)).slice(0, MOST_SIDECARS),
    ...newest.filter(isSumsFile).slice(0, MOST_OTHERS),
    ...newest.filter((path) => PERHAPS_SUMS.test(path) && !isSumsFile(path)).slice(0, MOST_OTHERS),
  ]
  const texts = new Map<RelPath, string>()
  if (wanted.length === 0) return texts
  const far = await prepareFar(place, timeout)
  await inTemporaryFolder(async (into) => {
    await holdSession(
      far,
      'fetch',
      {
        arguments: fetchArguments({ place, ssh: far.ssh }, { maxSize: LARGEST, into }),
        input: namesOnStdin(wanted),
        fileLimit: LARGEST,
        budget: (4 + wanted.length) * 2 * LARGEST,
        hear: () => true,
      },
      run,
    )
    for (const path of wanted) {
      const bytes = readSmall(join(into, path), LARGEST)
      if (bytes !== null) texts.set(path, bytes.toString('utf8'))
    }
  })
  return texts
}
