import type { Concern } from '../model/listing.ts'
import { folderOf } from '../model/rel-path.ts'
import type { Problem } from '../model/trouble.ts'
import { type Complaint, explainComplaint, isAboutFolder, readComplaints } from './explain-lines.ts'
import { collectProblems } from './problems.ts'
import { readings, unescapeName } from './unescape-name.ts'

export interface Complaints {
  /** Only paths of no concern had trouble: the listing holds all that matter. */
  readonly areRuledOut: boolean
  /** About paths that are of concern, or may be. */
  readonly problems: readonly Problem[]
}

/** Up to this many characters nothing is cut; of more, the middle may be missing. */
const WHOLE = 4 * 1024 * 1024

/**
 * What rsync complained about while listing. It names absolute paths of the source and does not say where the listed folder is: wherever
 * all named paths fit below it, each folder as one of `folders` (as printed), all else in one of them. If several places fit, a complaint
 * is ruled out only if it is in each.
 */
export function weighComplaints(stderr: string, folders: ReadonlySet<string>, concern: Concern): Complaints {
  const complaints = readComplaints(stderr)
  const roots = rootsOf(complaints, folders)
  const pathIn = (root: string, printed: string): string | null =>
    printed.startsWith(`${root}/`) ? printed.slice(root.length + 1) : null
  const isRuledOut = (complaint: Complaint): boolean =>
    roots.size > 0 &&
    [...roots].every((root) => {
      const path = complaint.printed === undefined ? null : pathIn(root, complaint.printed)
      if (path === null) return false
      const names = readings(path)
      return !concern.below(...names) && (isAboutFolder(complaint) || !concern.path(...names))
    })
  const problems = collectProblems()
  const left = complaints.filter((complaint) => !isRuledOut(complaint))
  const [root] = roots
  for (const complaint of left) {
    const path = roots.size === 1 ? pathIn(root!, complaint.printed ?? '') : null
    problems.add(explainComplaint(complaint, () => (path === null ? null : unescapeName(path))))
  }
  return {
    areRuledOut: complaints.length > 0 && left.length === 0 && stderr.length < WHOLE,
    problems: problems.all(),
  }
}

function rootsOf(complaints: readonly Complaint[], folders: ReadonlySet<string>): ReadonlySet<string> {
  let roots: ReadonlySet<string> | null = null
  for (const complaint of complaints) {
    const { printed } = complaint
    if (printed === undefined) continue
    // Not printed by our own rsync, so not escaped as it escapes names.
    if (!/^[\u0000-\u007f]*$/.test(printed)) return new Set()
    const here = new Set<string>()
    for (let at = printed.indexOf('/'); at !== -1; at = printed.indexOf('/', at + 1)) {
      const root = printed.slice(0, at)
      if (roots !== null && !roots.has(root)) continue
      const path = printed.slice(at + 1)
      const parent = folderOf(path)
      if (isAboutFolder(complaint) ? folders.has(path) : parent === '' || folders.has(parent)) here.add(root)
    }
    roots = here
  }
  return roots ?? new Set()
}
