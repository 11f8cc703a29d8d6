import type { Warning } from '../../model/plan.ts'
import { comparePaths } from '../../model/rel-path.ts'

const NAMED = 3

/** One for all the symlinks under selected names: `latest` beside what it points at is common, and nothing is wrong with it. */
export function linksWarning(links: readonly string[]): readonly Warning[] {
  if (links.length === 0) return []
  const named = links.toSorted(comparePaths).slice(0, NAMED).join(', ')
  const more = links.length > NAMED ? ` and ${links.length - NAMED} more` : ''
  return [
    {
      code: 'links-skipped',
      message:
        links.length === 1
          ? `${named} is a symlink at the source: it is not followed`
          : `${links.length} symlinks at the source are not followed: ${named}${more}`,
      hint: 'Nothing is lost where it points at a file that is selected itself. Else put the file there in its place; to hear no more of it, add it to select.exclude.',
    },
  ]
}
