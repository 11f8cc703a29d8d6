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
