import { groupBy } from './group-by.ts'
import { markerOf } from './marker-name.ts'
import { foldName } from './rel-path.ts'

/**
 * Paths that a file system which folds case or composes letters may take for one another, each with those others (I6). X.md5 and
 * X.MD5 are two markers of one file and may both exist.
 */
export function findCollisions(
  files: ReadonlySet<string>,
  folders: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const seen = new Set<string>()
  const again = new Set<string>()
  const meet = (path: string): void => {
    const folded = foldPath(path)
    if (seen.has(folded)) again.add(folded)
    else seen.add(folded)
  }
  for (const path of files) meet(path)
  for (const path of folders) if (!files.has(path)) meet(path)
  const collisions = new Map<string, readonly string[]>()
  if (again.size === 0) return collisions

  const all = [...new Set<string>([...files, ...folders])].filter((path) => again.has(foldPath(path)))
  for (const group of groupBy(all, foldPath).values()) {
    if (areMarkersOfOne(group)) continue
    for (const path of group) {
      collisions.set(
        path,
        group.filter((other) => other !== path),
      )
    }
  }
  return collisions
}

function areMarkersOfOne(paths: readonly string[]): boolean {
  const data = new Set(paths.map((path) => markerOf(path)?.data ?? null))
  return data.size === 1 && !data.has(null)
}

const ASCII = /^[\u0000-\u007f]*$/

const foldPath = (path: string): string => (ASCII.test(path) ? path.toLowerCase() : foldName(path))
