import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import { stringify } from 'yaml'
import { escapeText } from './escape-text.ts'

/**
 * What changed in a spec as it counts, defaults merged in, as a unified diff of YAML with its keys in order: comments and layout do not
 * show. Escaped; empty where nothing changed.
 */
export function renderSpecDiff(before: unknown, after: unknown): string {
  const [old, now] = [canonical(before), canonical(after)]
  if (old === now) return ''
  return createTwoFilesPatch('before', 'now', old, now, undefined, undefined, {
    context: 2,
    headerOptions: FILE_HEADERS_ONLY,
  })
}

const canonical = (document: unknown): string =>
  stringify(document, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false })
    .split('\n')
    .map(escapeText)
    .join('\n')
