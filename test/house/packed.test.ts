import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { projectRoot } from './documented.ts'

test('what npm packs holds the program, the schemas and the documents, and runs with nothing beside it', async () => {
  const { stdout } = await execa('npm', ['pack', '--dry-run', '--json'], { cwd: projectRoot })
  const files = (JSON.parse(stdout) as { files: { path: string }[] }[])[0]!.files.map(({ path }) => path)
  expect(files).toEqual(
    expect.arrayContaining([
      ...['dist/cli.js', 'dist/LICENSES.txt', 'schemas/backup.schema.json', 'docs/operations.md', 'LICENSE'],
    ]),
  )
  expect(files.filter((path) => /^(?:src|test)\/|\/\./.test(path))).toEqual([])

  const alone = await mkdtemp(join(tmpdir(), 'reconcile-packed-'))
  onTestFinished(() => rm(alone, { recursive: true }))
  for (const file of files) await cp(join(projectRoot, file), join(alone, file))
  for (const folder of ['made', 'specs']) await mkdir(join(alone, folder))
  await writeFile(join(alone, 'made', 'dump'), 'hello')
  await writeFile(join(alone, 'made', 'dump.md5'), '5d41402abc4b2a76b9719d911017c592  dump\n')
  const spec = `version: 1\nsource: { path: ${alone}/made }\ndestination: { path: ${alone}/held }\n`
  await writeFile(join(alone, 'specs', 'one.yaml'), spec)

  const reconcile = ['dist/cli.js', '--specs', 'specs', '--state', 'state']
  await execa('node', reconcile, { cwd: alone })
  expect(await readFile(join(alone, 'held', 'dump'), 'utf8')).toBe('hello')
  const metrics = await execa('node', [...reconcile, 'status', '--output', 'prometheus'], { cwd: alone })
  expect(metrics.stdout).toContain('reconcile_')
  expect(await readFile(join(alone, 'dist/LICENSES.txt'), 'utf8')).toMatch(/^ajv 8[\s\S]*^rolldown /m)
  await writeFile(join(alone, 'specs', 'two.yaml'), 'version: 1\nsuorce: {}\n')
  const faulty = await execa('node', [...reconcile, 'validate'], { cwd: alone, reject: false, all: true })
  expect(faulty.exitCode).toBe(3)
  expect(faulty.all).toContain('did you mean "source"?')
})
