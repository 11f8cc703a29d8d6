import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type LoadedSpecs, loadSpecs } from '../../src/specs/load-specs.ts'

/** A folder that goes when the test ends, by its real path. */
export async function scratch(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'specs-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Writes files by name; a name with `/` makes its folder. */
export async function fill(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

/** The files, loaded as a specs folder. */
export async function load(
  files: Readonly<Record<string, string | Uint8Array>>,
  roots: readonly string[] | null = null,
): Promise<LoadedSpecs> {
  const folder = await scratch()
  await fill(folder, files)
  return loadSpecs(folder, { roots, home: '/home/me' })
}

/** The faults as `file:line:column code message (hint)`, with the specs folder cut off. */
export const told = ({ folder, faults }: Pick<LoadedSpecs, 'folder' | 'faults'>): readonly string[] =>
  faults.map(
    ({ file, line, column, code, message, hint }) =>
      `${file.replace(`${folder}/`, '')}:${line}:${column} ${code} ${message}${hint === undefined ? '' : ` (${hint})`}`,
  )

/** A sound spec, each part of which can be replaced. */
export const spec = (
  parts: { name?: string; source?: string; destination?: string; more?: string } = {},
): string =>
  [
    'version: 1',
    ...(parts.name === undefined ? [] : [`name: ${parts.name}`]),
    `source: ${parts.source ?? '{ host: db1.example.net, user: backup }'}`,
    `destination: ${parts.destination ?? '{ path: "/srv/offsite/{name}" }'}`,
    ...(parts.more === undefined ? [] : [parts.more]),
    '',
  ].join('\n')
