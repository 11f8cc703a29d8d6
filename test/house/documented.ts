import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const projectRoot = resolve(import.meta.dirname, '../..')

export const readDocument = (path: string): string => readFileSync(join(projectRoot, path), 'utf8')

export const documents: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(projectRoot, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** The fenced blocks of one kind, in order, without their fences. '' is a block that names no kind. */
export const blocksIn = (path: string, kind: string): readonly string[] =>
  [...readDocument(path).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === kind)
    .map(([, , text]) => text!)

/** What a reader is told to type: the lines of `sh` blocks, and of `console` blocks those after `$ `, without comments. */
export const commandsIn = (path: string): readonly string[] =>
  [
    ...blocksIn(path, 'sh').flatMap((block) => block.split('\n')),
    ...blocksIn(path, 'console').flatMap((block) =>
      block
        .split('\n')
        .filter((line) => line.startsWith('$ '))
        .map((line) => line.slice(2)),
    ),
  ]
    .map((line) => line.replace(/(?:^|\s+)#(?:\s.*)?$/, '').trim())
    .filter((line) => line !== '')
