import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { projectRoot } from './documented.ts'

interface Packed {
  readonly filename: string
  /** Bytes. */
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

test('what npm packs holds the program, the schemas and the documents, installs without a registry, and runs', async () => {
  const alone = await mkdtemp(join(tmpdir(), 'reconcile-packed-'))
  onTestFinished(() => rm(alone, { recursive: true }))
  const packed = await execa('npm', ['pack', '--json', '--pack-destination', alone], { cwd: projectRoot })
  const [{ filename, size, unpackedSize, files }] = JSON.parse(packed.stdout) as [Packed]
  const paths = files.map(({ path }) => path)
  expect(paths).toEqual(
    expect.arrayContaining([
      ...['dist/cli.js', 'dist/LICENSES.txt', 'schemas/backup.schema.json', 'docs/operations.md', 'LICENSE'],
    ]),
  )
  expect(paths.filter((path) => /^(?:src|test)\/|\/\./.test(path))).toEqual([])
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
  console.log(`packed: ${mebibytes(size)}, installed: ${mebibytes(unpackedSize)}, ${files.length} files`)
  // A cache that is empty, and no network: whatever it asked a registry for would fail it.
  const offline = ['--offline', '--cache', join(alone, 'cache'), '--prefix', join(alone, 'prefix')]
  await execa('npm', ['install', '--global', ...offline, join(alone, filename)], { cwd: alone })
  const program = join(alone, 'prefix/bin/reconcile')
  for (const folder of ['made', 'specs']) await mkdir(join(alone, folder))
  await writeFile(join(alone, 'made', 'dump'), 'hello')
  await writeFile(join(alone, 'made', 'dump.md5'), '5d41402abc4b2a76b9719d911017c592  dump\n')
  const spec = `version: 1\nsource: { path: ${alone}/made }\ndestination: { path: ${alone}/held }\n`
  await writeFile(join(alone, 'specs', 'one.yaml'), spec)

  const reconcile = ['--specs', 'specs', '--state', 'state']
  await execa(program, reconcile, { cwd: alone })
  expect(await readFile(join(alone, 'held', 'dump'), 'utf8')).toBe('hello')
  const metrics = await execa(program, [...reconcile, 'status', '--output', 'prometheus'], { cwd: alone })
  expect(metrics.stdout).toContain('reconcile_')
  expect(
    await readFile(join(alone, 'prefix/lib/node_modules/backup-reconciler/dist/LICENSES.txt'), 'utf8'),
  ).toMatch(/^ajv 8[\s\S]*^rolldown /m)
  await writeFile(join(alone, 'specs', 'two.yaml'), 'version: 1\nsuorce: {}\n')
  const faulty = await execa(program, [...reconcile, 'validate'], { cwd: alone, reject: false, all: true })
  expect(faulty.exitCode).toBe(3)
  expect(faulty.all).toContain('did you mean "source"?')
})
