import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { documents, readDocument as read, projectRoot as root } from './documented.ts'
import { codesIn } from './stable-codes.ts'

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: `src/${path}`, text: read(`src/${path}`) }))

describe('docs/operations.md explains every stable code', () => {
  const codes = codesIn(sources)
  const inTables = read('docs/operations.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  // The first cell names the codes.
  const documented = new Set(inTables.flatMap((line) => backticked(line.split(' | ')[0]!)))

  test('there are codes to look for, of every form in which they are written', () => {
    const forms = [
      'rot',
      'missing-tool',
      'name-too-long',
      'identity-missing',
      'list-mismatch',
      'host-key-changed',
      'unknown-key',
    ]
    expect([...codes.keys()]).toEqual(expect.arrayContaining(forms))
  })

  test('each code of the sources has its line', () => {
    expect(
      [...codes].filter(([code]) => !documented.has(code)).map(([code, file]) => `${code} (${file})`),
    ).toEqual([])
  })

  test('no line explains a code that does not exist', () => {
    const words = sources.map(({ text }) => text).join('\n')
    const unknown = [...documented].filter((code) => !codes.has(code) && !words.includes(`'${code}'`))
    // Exit codes, and what lies in .reconcile.
    const others = /^\d+$|[/.]|^(?:id|lock|reserve|staging|trash)$/
    expect(unknown.filter((code) => !others.test(code))).toEqual([])
  })
})

describe('a document', () => {
  test.each(documents)('%s: its links lead to files and headings that exist', (path) => {
    const broken = [...withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((hit) => hit[1]!)
      .filter((link) => !/^(?:https?|mailto):/.test(link))
      .filter((link) => {
        const [file, anchor] = link.split('#') as [string, string | undefined]
        const target = file === '' ? path : join(dirname(path), file)
        if (!existsSync(join(root, target))) return true
        return anchor !== undefined && !anchorsOf(read(target)).includes(anchor)
      })
    expect(broken).toEqual([])
  })

  test.each(documents)('%s: the files of this project that it names exist', (path) => {
    const named = backticked(read(path)).filter((text) =>
      /^(?:src|test|scripts|docs|schemas|\.ci)\/[\w./-]*$/.test(text),
    )
    expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })
})

function backticked(text: string): readonly string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map((hit) => hit[1]!)
}

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '')

/** As GitHub makes them of headings. */
const anchorsOf = (text: string): readonly string[] =>
  [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map((hit) =>
    hit[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
