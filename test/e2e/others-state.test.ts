import { chown, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { makeWorld } from '../helpers/world.ts'

const CLI = join(import.meta.dirname, '../../dist/cli.js')

test.runIf(process.getuid?.() === 0)(
  "root acts on no backup of another user's settings with a state of its own; what only looks says so",
  async () => {
    const world = await makeWorld('local')
    try {
      await world.declare('pg')
      const folder = join(world.folder, 'etc')
      await mkdir(folder)
      const config = join(folder, 'config.yaml')
      await writeFile(config, `specs: ${world.specs}\n`)
      await chown(config, 65_534, 65_534)
      const run = (...words: string[]) =>
        execa(process.execPath, [CLI, '--config', config, ...words], {
          cwd: folder,
          reject: false,
          env: { NO_COLOR: '1' },
        })
      const acts = [
        ['run'],
        ['watch'],
        ['suspend', 'pg', '--reason', 'x'],
        ['resume', 'pg'],
        ['release', 'pg', 'mass-change', '--reason', 'x'],
        ['prune'],
        ['verify', 'pg'],
        ['notify', 'test'],
        ['add', 'db1.example.net:/srv', '--to', '/srv/x', '--yes'],
        ['source', 'init', 'pg', '--yes'],
        ['restore', '--drill', 'tar'],
      ]
      for (const words of acts) {
        const { exitCode, stderr } = await run(...words)
        expect({ words, exitCode, stderr }).toEqual({
          words,
          exitCode: 64,
          stderr: expect.stringMatching(/names\s+no\s+state\s+folder[\s\S]*sudo -u/),
        })
      }
      expect(await readdir(world.destination)).toEqual([])
      expect((await run('--dry-run')).stderr).toMatch(/warning:[\s\S]*names\s+no\s+state\s+folder/)
    } finally {
      await world.end()
    }
  },
)
