import { applyPatch } from 'diff'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ManifestLine } from '../../src/decide/plan/manifest.ts'
import { comparePaths } from '../../src/model/rel-path.ts'
import { renderManifestDiff } from '../../src/view/render-manifest-diff.ts'
import { NASTY, nastyText } from './nasty.ts'
import { HELD, OTHER } from './sample-documents.ts'

/** `files('a b c')`: three files with a digest each. */
const files = (names: string, digest: string | null = HELD): ManifestLine[] =>
  names.split(' ').map((path) => ({ digest, size: 5, path }))

describe('a manifest, now against after', () => {
  it('is a unified diff that shows what would come', () => {
    const now = files('a b c d')
    const after = [...files('a b'), ...files('c', OTHER), ...files('d'), ...files('e', null)]
    expect(renderManifestDiff('postgres', now, after, false)).toMatchInlineSnapshot(`
      "--- postgres now
      +++ postgres after
      @@ -1,4 +1,5 @@
       9f86d081884c7d659a2feaa0c55ad015             5  a
       9f86d081884c7d659a2feaa0c55ad015             5  b
      -9f86d081884c7d659a2feaa0c55ad015             5  c
      +60303ae22b998861bce3b28f33eec1be             5  c
       9f86d081884c7d659a2feaa0c55ad015             5  d
      +?                                            5  e
      "
    `)
  })

  it('says where each change stands, and leaves out what is far from any', () => {
    const names = Array.from({ length: 30 }, (_, i) => `f${10 + i}`)
    const after = files(names.join(' '))
    const now = after.filter(({ path }) => path !== 'f15' && path !== 'f30')
    const patch = renderManifestDiff('x', now, after, false)
    expect(patch.match(/^@@.*|^\+[0-9].*f\d+$/gm)).toEqual([
      '@@ -4,4 +4,5 @@',
      expect.stringMatching(/f15$/),
      '@@ -18,4 +19,5 @@',
      expect.stringMatching(/f30$/),
    ])
  })

  it('is empty where nothing would change, whatever the order', () => {
    expect(renderManifestDiff('x', files('a b c'), files('c a b'), false)).toBe('')
    expect(renderManifestDiff('x', [], [], false)).toBe('')
  })

  it('applied to the manifest now, gives the manifest after', () => {
    const line = fc.record({
      digest: fc.constantFrom(HELD, OTHER, null),
      size: fc.nat({ max: 3 }),
      path: fc.oneof(fc.nat({ max: 60 }).map(String), nastyText),
    })
    const side = fc.uniqueArray(line, { selector: ({ path }) => path, maxLength: 40 })
    fc.assert(
      fc.property(side, side, (now, after) => {
        const patch = renderManifestDiff('x', now, after, false)
        expect(patch.replaceAll('\n', '')).not.toMatch(NASTY)
        // Two names may be shown as one; then lines still add up, which is all that a patch says.
        if (patch !== '') expect(applyPatch(manifest(now), patch)).toBe(manifest(after))
        else expect(manifest(now)).toBe(manifest(after))
      }),
    )
  })

  it('is whole where half of 100,000 files are new', () => {
    const many = (count: number): ManifestLine[] =>
      Array.from({ length: count }, (_, i) => ({ digest: HELD, size: i, path: String(i).padStart(6, '0') }))
    const patch = renderManifestDiff(
      'x',
      many(100_000).filter((_, i) => i % 2 === 0),
      many(100_000),
      false,
    )
    expect(patch.match(/^\+[0-9a-f]/gm)).toHaveLength(50_000)
  })
})

// Every line of a manifest, as a diff of everything against nothing shows it.
const manifest = (lines: readonly ManifestLine[]): string =>
  renderManifestDiff(
    'x',
    [],
    [...lines].sort((a, b) => comparePaths(a.path, b.path)),
    false,
  )
    .split('\n')
    .slice(3)
    .map((line) => line.slice(1))
    .join('\n')
