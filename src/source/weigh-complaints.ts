import type { Concern } from '../model/listing.ts'
import { folderOf } from '../model/rel-path.ts'
import type { Problem } from '../model/trouble.ts'
import { type Complaint, explainComplaint, isAboutFolder, readComplaints } from './explain-lines.ts'
import { collectProblems } from './problems.ts'
import { readings, unescapeName } from './unescape-name.ts'

export interface Complaints {
  /** Nothing went wrong but with what is of no concern: the listing holds all that is. */
  readonly areRuledOut: boolean
  /** Of what is of concern, or may be. */
  readonly problems: readonly Problem[]
}

/** Of so many characters all have come; of more, the middle may be missing. */
const WHOLE = 4 * 1024 * 1024

/**
 * What rsync complained of while it listed. It names paths as the source has them, absolute, and where the listed folder lies there is
 * nowhere said: it is where all that is named can lie below it, each folder as one of `folders` (as printed), all else in one of them.
 * Where several such places are left, what is ruled out has to be so in each.
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
