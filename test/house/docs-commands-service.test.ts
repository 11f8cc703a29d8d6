import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import type { Notice } from '../../src/model/notice.ts'
import { deadOrigin } from '../helpers/receiver.ts'
import { blocksIn, commandsIn, projectRoot, readDocument } from './documented.ts'
import { followDocuments } from './follow-documents.ts'

const { world, follow, expectAllRun } = followDocuments('docs-commands-service.test.ts')

describe('docs/notices.md', () => {
  test('its steps lead to settings that are sound, and to a URL that is kept', async () => {
    const { shareKeys, declare, folder } = await world()
    shareKeys()
    declare(blocksIn('README.md', 'yaml')[0]!)
    appendFileSync(join(folder, 'etc/reconcile/config.yaml'), blocksIn('docs/notices.md', 'yaml')[0]!)
    const origin = await deadOrigin()
    const all = commandsIn('docs/notices.md')
    expect((await follow('docs/notices.md', 'reconcile validate')).all).toMatch(
      /cannot\s+use the URL in ops-hook/,
    )
    for (const command of all) {
      const { code, all: said } = await follow('docs/notices.md', command, (text) =>
        text.replace('https://hooks.example.net', origin),
      )
      expect({ command, code }, said).toMatchObject({ code: 0 })
      // The heartbeat's is not written there.
      if (command.startsWith('reconcile')) expect(said).not.toContain('ops-hook')
    }
    rmSync(join(folder, 'srv/backups'), { recursive: true })
    await follow('docs/notices.md', 'reconcile validate', () => 'reconcile -q')
    const { pending } = JSON.parse(readFileSync(join(folder, 'state/notices.json'), 'utf8'))
    const { notice } = pending[0] as { notice: Notice }
    const shown = JSON.parse(blocksIn('docs/notices.md', 'json')[0]!) as Notice
    expect(Object.keys(notice)).toEqual(Object.keys(shown))
    expect(notice.format).toBe(shown.format)
  })

  test('names each kind of notice', () => {
    const kinds = ['late', 'failing', 'conflict', 'lost', 'held', 'anomaly', 'pushed', 'recovered']
    const table = readDocument('docs/notices.md').split('## Notices')[1]!.split('## Heartbeat')[0]!
    expect([...table.matchAll(/^\| `(\w+)` \|/gm)].map((hit) => hit[1])).toEqual(kinds)
  })
})

describe('docs/service.md', () => {
  test('its steps lead to units for this box', async () => {
    const { shareKeys, declare, folder, here } = await world()
    shareKeys()
    const units = join(folder, 'systemd')
    mkdirSync(units)
    const type = (command: string) =>
      follow('docs/service.md', command, (text) => text.replace('/etc/systemd/system', units))
    const shown = (beginning: string) =>
      commandsIn('docs/service.md').filter((one) => one.startsWith(beginning))
    for (const command of [...shown('install -d -m'), ...shown('chown'), ...shown('chmod')])
      expect(await type(command), command).toMatchObject({ code: 0 })
    const settings = here(blocksIn('docs/service.md', 'yaml')[0]!).replace(
      '/var/lib/reconcile',
      join(folder, 'state'),
    )
    writeFileSync(join(folder, 'etc/reconcile/config.yaml'), settings)
    declare(blocksIn('README.md', 'yaml')[0]!)
    renameSync(
      join(folder, 'box/backups.d/postgres.yaml'),
      join(folder, 'etc/reconcile/backups.d/postgres.yaml'),
    )
    expect(await type('reconcile validate')).toMatchObject({ code: 0 })
    for (const command of shown('reconcile service print'))
      expect(await type(command)).toMatchObject({ code: 0, all: '' })

    const unit = (name: string) => readFileSync(join(units, name), 'utf8')
    const flags = `--config ${folder}/etc/reconcile/config.yaml --specs ${folder}/etc/reconcile/backups.d --state ${folder}/state`
    const program = `${process.execPath} ${join(projectRoot, 'dist/cli.js')}`
    expect(unit('reconcile.service')).toContain(`ExecStart=${program} ${flags} watch\n`)
    expect(unit('reconcile-once.service')).toContain(`ExecStart=${program} ${flags} --quiet run\n`)
    expect(unit('reconcile.service')).toContain(`ReadWritePaths=-${folder}/state -${folder}/srv/offsite\n`)
    expect(unit('reconcile.timer')).toContain('Persistent=true')
    const [line] = unit('reconcile-once.service').match(/^ExecStart=.*$/m)!
    // What the unit runs does run: there is nothing at the source yet.
    const run = await execa('sh', ['-c', line.slice('ExecStart='.length)], { reject: false, stdin: 'ignore' })
    expect(run).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('postgres') })
  })

  test('units are for who runs this, for another user where asked, and for sound settings alone', async () => {
    const { declare, folder } = await world()
    declare(blocksIn('README.md', 'yaml')[0]!)
    const say = (words: string) =>
      follow('docs/service.md', 'reconcile validate', () => `reconcile service print ${words}`)
    expect((await say('--user backup')).out).toContain('\nUser=backup\n')
    expect((await say('')).out).toContain(
      `\nUser=${userInfo().uid === 0 ? 'reconcile' : userInfo().username}\n`,
    )
    // Without roots: the folder in which the destination will be made.
    expect((await say('once')).out).toContain(`-${folder}/srv/offsite\n`)
    expect((await say("--user 'a b'")).code).toBe(64)
    appendFileSync(join(folder, 'etc/reconcile/config.yaml'), 'roots: all\n')
    expect(await say('')).toMatchObject({ code: 3, out: '' })
  })
})

expectAllRun()
