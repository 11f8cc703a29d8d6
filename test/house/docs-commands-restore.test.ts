import { mkdirSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { blocksIn, commandsIn } from './documented.ts'
import { followDocuments } from './follow-documents.ts'

const DOCUMENT = 'docs/restore.md'
const LOG = 'docs/log.md'
const { world, follow, expectAllRun } = followDocuments('docs-commands-restore.test.ts')

describe(DOCUMENT, () => {
  test('each way brings the bytes back', async () => {
    const at = await world()
    at.shareKeys()
    at.declare(blocksIn('README.md', 'yaml')[0]!)
    for (const day of ['20', '21', '22']) at.finish(`db-2026-11-${day}.tar.gz`, `dump of the ${day}th`)
    utimesSync(join(at.source, 'db-2026-11-21.tar.gz'), 1e9, 1e9)
    expect((await at.run('reconcile --now postgres')).code).not.toBe(3)
    const type = async (command: string) => {
      const ended = await follow(DOCUMENT, command)
      expect(ended, command).toMatchObject({ code: 0 })
      return ended.out
    }
    const read = (folder: string, day: string) =>
      readFileSync(join(at.folder, 'srv', folder, `db-2026-11-${day}.tar.gz`), 'utf8')

    expect(await type('reconcile restore postgres --list')).toContain('Series db')
    expect(await type('reconcile restore postgres --list --series db')).toContain('db-2026-11-20.tar.gz')
    await type('reconcile restore postgres db-2026-11-22.tar.gz --to /srv/restored')
    expect(read('restored', '22')).toBe('dump of the 22th')
    expect(await type('reconcile restore postgres --at now --to /srv/restored')).toMatch(
      /1 of them there\s+already/,
    )
    await type('reconcile restore postgres --series db --at 2026-11-21T06:00:00Z --to /srv/restored')
    expect(read('restored', '20')).toBe('dump of the 20th')
    expect(await type('reconcile restore /srv/offsite/postgres --list')).toContain('Series db-*.tar.gz')
    await type('reconcile restore /srv/offsite/postgres --at now --to /srv/rescued')
    expect(read('rescued', '22')).toBe('dump of the 22th')
    for (const command of commandsIn('docs/verify.md'))
      expect(await follow('docs/verify.md', command), command).toMatchObject(
        // The head in the documents is of a ledger that is longer than this one.
        command.includes('--head') ? { code: 6, out: expect.stringContaining('ledger-cut') } : { code: 0 },
      )
    const happened = async (command: string) => {
      const ended = await follow(LOG, command)
      expect(ended, command).toMatchObject({ code: 0 })
      return ended.out
    }
    for (const command of ['', ' postgres --since 7d', ' /srv/offsite/postgres'])
      expect(await happened(`reconcile log${command}`)).toMatch(/published db-2026-11-22\.tar\.gz/)
    expect(await happened('reconcile explain postgres --lost-at 2026-11-24T04:00:00Z')).toMatch(
      /had the source died at/,
    )
    expect(await happened('reconcile report --month 2026-11')).toMatch(/^[! ] late /m)
    await happened('reconcile report postgres --month 2026-11 --output html > report.html')
    expect(readFileSync(join(at.folder, 'box/report.html'), 'utf8')).toContain('<h2>postgres</h2>')
    await happened('reconcile log /srv/offsite/postgres --json > ledger.json')
    const [check] = commandsIn(LOG).filter((command) => command.includes('--head'))
    expect(await follow(LOG, check!)).toMatchObject({ code: 6, out: expect.stringContaining('cut off') })
    mkdirSync(join(at.folder, 'srv/by-hand'))
    for (const block of blocksIn(DOCUMENT, 'sh').slice(-2))
      for (const command of block.trim().split('\n')) await type(command)
  })
})

expectAllRun()
