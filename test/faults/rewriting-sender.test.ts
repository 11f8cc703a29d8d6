import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { expectConverged, expectOnlyWhole } from '../helpers/fault-checks.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const SENDER = resolve(import.meta.dirname, '../helpers/source-hostile-sender.js')
const RIGHT = 'right right right'
const WRONG = 'wrong wrong wrong'

let world: World
let folder: string
afterEach(async () => {
  await world.end()
  await rm(folder, { recursive: true, force: true })
})

/** A source that lists and shows markers as it should, and sends `db.tar` as often as there are `texts`, each time over the last. */
async function rewritingSource(texts: readonly string[]): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'rewriting-'))
  const script = join(folder, 'serve')
  world = await makeWorld('ssh', { command: script, calls: 'here' })
  const hex = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('hex')
  const files = hex([['db.tar', RIGHT.length]])
  const transfers = hex(texts.map((text) => [0, text, 1, 200]))
  await writeFile(
    script,
    `#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in *--append*|*--inplace*) exec '${process.execPath}' '${SENDER}' ${files} ${transfers} ;; esac
exec rrsync -ro '${world.source}'
`,
  )
  await chmod(script, 0o755)
  await world.offer('db.tar', RIGHT)
  await world.declare()
}

test('I1: right bytes that the sender writes over in the same session are never published', async () => {
  await rewritingSource([RIGHT, WRONG])
  const offered = new Map([['db.tar', Buffer.from(RIGHT)]])
  const result = await world.pass()
  expect(result.exitCode).toBe(6)
  expect(result.backups[0]!.published).toEqual([])
  expect(await expectOnlyWhole(world, offered)).toEqual([])
})

test('I1: wrong bytes that the sender puts right in the same session are judged as they are in the end', async () => {
  await rewritingSource([WRONG, RIGHT])
  const offered = new Map([['db.tar', Buffer.from(RIGHT)]])
  expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ published: ['db.tar'] }] })
  await expectConverged(world, offered)
})
