import picomatch from 'picomatch'
import { repeatsBesideOthers } from '../../decide/files/select.ts'

const MOST_REPEATS = 3

/** What is wrong with a selection's glob, in words that go on after it; or null. */
export function globFault(glob: string): string | null {
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(glob)) return 'holds a control or invisible character'
  if (glob.startsWith('!')) return 'begins with "!": write it without, under the other of include and exclude'
  if (glob.startsWith('/')) return 'begins with "/": paths are relative to the source\'s folder'
  if (glob.startsWith('./')) return 'begins with "./": write it without'
  if (glob.endsWith('/')) return `names a folder: write ${glob}**`
  if (glob.split('/').includes('..')) return 'holds ".."'
  // Repetition of repetition takes exponential time on names that a source may choose.
  if (/[+*]\([^)]*[+*]/.test(glob)) return 'repeats a repetition'
  if (repeatsBesideOthers(glob) > MOST_REPEATS)
    return `has more than ${MOST_REPEATS} stars beside other signs, which takes too long on long names: write several globs, or name more of the text`
  try {
    const pattern = picomatch.makeRe(glob, { strictBrackets: true })
    // picomatch's way to say that a pattern is no valid one.
    return pattern.source === '$^' ? 'can match no name' : null
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return `is no glob: ${why.charAt(0).toLowerCase()}${why.slice(1)}`
  }
}
