import { basename, dirname, join } from 'node:path'
import { isWithin } from '../../model/is-within.ts'
import type { Settings } from '../../model/settings.ts'
import { type RealPath, realPath } from '../../system/real-path.ts'

/** What this program obeys or keeps its own memory in. A source that could write there would give it orders. */
export interface OurPlace {
  /** Completes "is ...". */
  readonly what: string
  /** Absolute. */
  readonly path: string
  /** A single file; what lies beside it is nobody's. */
  readonly isFile?: true
}

export function ourPlaces(settings: Settings): readonly OurPlace[] {
  const { specs, state, configFolders, notify, heartbeat } = settings
  const file = (what: string, path: string): OurPlace => ({ what, path, isFile: true })
  return [
    ...(specs.kind === 'folder'
      ? [{ what: 'the folder of specs', path: specs.path }]
      : [
          { what: 'the repository of specs', path: specs.url.replace(/^file:\/\//, '') },
          file('the key for specs', specs.identity),
          file('the pinned host keys for specs', specs.knownHosts),
          file('the list of allowed signers', specs.verifySignatures ?? ''),
          file('the certificates for specs', specs.caFile ?? ''),
        ]),
    { what: 'the folder of state', path: state },
    ...configFolders.map((path) => ({ what: 'the folder of config.yaml', path })),
    ...[...notify, ...(heartbeat === null ? [] : [heartbeat])].flatMap((one) =>
      'urlFile' in one
        ? [file('the file of a URL', one.urlFile ?? ''), file('the certificates for a URL', one.caFile ?? '')]
        : [],
    ),
    // Any backup's name may fill it.
    ...(heartbeat?.eachFile == null
      ? []
      : [{ what: 'the folder of the files of URLs', path: folderBefore(heartbeat.eachFile) }]),
  ].filter(({ path }) => path.startsWith('/'))
}

const folderBefore = (path: string): string => dirname(path.slice(0, path.indexOf('{name}') + 1))

const SYSTEM = [
  '/etc',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/boot',
  '/dev',
  '/proc',
  '/sys',
]

/** By folder, what is free below it. */
const SYSTEM_BUT: readonly (readonly [string, string])[] = [
  ['/usr', '/usr/local'],
  ['/run', '/run/media'],
]

export const FORBIDDEN_HINT =
  'give the copies a folder of their own: a source could write what this box then obeys'

/** With where each of them is: by its real path, and as written, as a link on the way there is obeyed as well. */
export const led = (ours: readonly OurPlace[]): Promise<readonly LedPlace[]> =>
  Promise.all(
    ours.map(async ({ path, ...one }) => {
      const beside = join((await realPath(dirname(path))).path, basename(path))
      return { ...one, places: [...new Set([(await realPath(path)).path, beside])] }
    }),
  )

interface LedPlace extends Omit<OurPlace, 'path'> {
  readonly places: readonly string[]
}

/** Why no destination may be at a real path (I6), as the end of a sentence that begins with it; null: it may. */
export function forbidden({ path, throughProc }: RealPath, ours: readonly LedPlace[]): string | null {
  if (path === '/') return 'is the whole file system'
  if (throughProc) return 'leads through /proc, where each process finds another place'
  for (const folder of SYSTEM) if (isWithin(path, folder)) return `lies in ${folder}, which is the system's`
  for (const [folder, free] of SYSTEM_BUT)
    if (isWithin(path, folder) && !isWithin(path, free)) return `lies in ${folder}, which is the system's`
  for (const { what, places, isFile } of ours) {
    for (const place of places) {
      if (path === place) return `is ${what}`
      if (isWithin(place, path)) return `holds ${what}, ${place}`
      if (isFile !== true && isWithin(path, place)) return `lies in ${what}, ${place}`
    }
  }
  return null
}
