import { distance } from 'fastest-levenshtein'

/** The candidate closest to a misspelt word, and by how many edits it differs; null: there are none. */
export function nearestOf(
  typed: string,
  candidates: Iterable<string>,
): { readonly name: string; readonly edits: number } | null {
  let best: { readonly name: string; readonly edits: number } | null = null
  for (const name of candidates) {
    const edits = distance(typed, name)
    if (best === null || edits < best.edits) best = { name, edits }
  }
  return best
}

/** The candidate that a misspelt word is meant to be; null: none is close. */
export function nearest(typed: string, candidates: Iterable<string>): string | null {
  const found = nearestOf(typed, candidates)
  const length = typed.replace(/^-+/, '').length
  const most = length < 4 ? 1 : Math.max(2, Math.floor(length / 3))
  return found !== null && found.edits <= most ? found.name : null
}
