import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { blocksIn, commandsIn } from './documented.ts'
import { followDocuments } from './follow-documents.ts'

const { world, follow, expectAllRun } = followDocuments('docs-commands-review.test.ts')

describe('docs/review.md', () => {
  const type = (command: string, fill?: (command: string) => string) =>
    follow('docs/review.md', command, fill)

  test('a plan is saved, shown, applied once, and then refused', async () => {
    const at = await world()
    at.shareKeys()
    at.declare(blocksIn('docs/migrate.md', 'yaml')[0]!)
    at.finish('db-2026-11-23.tar.gz', 'a backup')
    expect(await type('reconcile plan --out change.plan')).toMatchObject({ code: 0 })
    expect((await type('reconcile plan --show change.plan')).out).toMatch(/\+ pull +db-2026-11-23/)
    expect(await type('reconcile apply change.plan')).toMatchObject({ code: 0 })
    expect(readFileSync(join(at.offsite, 'db-2026-11-23.tar.gz'), 'utf8')).toBe('a backup')
    expect(await at.run('reconcile apply change.plan')).toMatchObject({
      code: 4,
      all: expect.stringContaining('applied already'),
    })
  })

  test('the CI job comments on a change of _defaults.yaml with the plan it leads to', async () => {
    const at = await world()
    at.shareKeys()
    at.declare(blocksIn('docs/migrate.md', 'yaml')[0]!)
    for (const day of [21, 22]) at.finish(`db-2026-11-${day}.tar.gz`, `the backup of day ${day}`)
    expect(await type('reconcile snapshot --to /srv/snapshots')).toMatchObject({ code: 0 })
    // What the job finds: a repository with a change, and the snapshots; neither keys nor the source.
    const git = 'git -c user.name=a -c user.email=a@example.net -c init.defaultBranch=main'
    expect(
      await at.run(`cp -r /srv/snapshots . && ${git} init -q && git add backups.d && ${git} commit -qm old`),
    ).toMatchObject({ code: 0 })
    writeFileSync(join(at.folder, 'box/backups.d/_defaults.yaml'), 'select: { exclude: ["*-21.*"] }\n')
    for (const path of ['etc/reconcile/keys', 'srv', 'state'])
      rmSync(join(at.folder, path), { recursive: true, force: true })

    for (const command of commandsIn('docs/review.md').filter((one) => one.includes('--offline'))) {
      expect((await type(command)).out).toMatch(/\+ pull +db-2026-11-22/)
    }
    const job = parse(blocksIn('docs/review.md', 'yaml')[0]!)['plan-review'] as { script: string[] }
    const script = job.script.join('\n').replace('post-comment', 'cat')
    const { code, out, all } = await at.run(`set -e\n${script}`)
    expect(code, all).toBe(0)
    expect(out).toMatch(/^- pull `db-2026-11-22\.tar\.gz`/m)
    expect(out).not.toContain('db-2026-11-21')
  })
})

describe('docs/retention.md', () => {
  test('what explain is shown to say of a month of dumps is what it says', async () => {
    const at = await world()
    at.shareKeys()
    const spec = blocksIn('docs/migrate.md', 'yaml')[0]!
    at.declare(spec)
    for (const day of month()) {
      const name = `db-${day}.tar.gz`
      at.finish(name, `the dump of ${day}\n`.repeat(100))
      const made = new Date(`${day}T02:30:00Z`)
      for (const file of [name, `${name}.md5`]) utimesSync(join(at.source, file), made, made)
    }
    writeFileSync(join(at.source, 'db-2026-11-24.tar.gz'), 'unfinished')
    writeFileSync(join(at.source, 'LIST'), readdirSync(at.source).join('\n'))
    expect(await at.run('reconcile')).toMatchObject({ code: 0 })
    const section = blocksIn('docs/retention.md', 'yaml').find((block) => block.startsWith('series:'))!
    at.declare(`${spec}${section}`)
    const shown = blocksIn('docs/retention.md', 'console')
    expect(shown).toHaveLength(2)
    for (const block of shown) {
      const [command = '', ...output] = block.trimEnd().split('\n')
      const said = await follow('docs/retention.md', command.slice(2), (same) => `${same} --as-of ${AS_OF}`)
      expect(said).toMatchObject({ code: 0 })
      expect(plain(at.there(said.out))).toEqual(plain(output.join('\n')))
    }
  })
})

const AS_OF = '2026-11-24T06:00:00Z'

/** The days of five weeks, but for two on which the producer was down. */
const month = (): readonly string[] =>
  Array.from({ length: 35 }, (_, i) => new Date(Date.UTC(2026, 9, 20 + i)).toISOString().slice(0, 10)).filter(
    (day) => !['2026-11-11', '2026-11-12'].includes(day),
  )

/** Without what differs from run to run: when things were done, and by which plan; and where lines are broken. */
const plain = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/(published|read) (?:\d\S+Z \([^)]*\)|just now)/g, '$1 TIME')
    .replace(/by plan [0-9a-f]{16}/g, 'by plan ID')

expectAllRun()
