import { describe, expect, test } from 'vitest'
import { rateAt } from '../../src/decide/time/timetable.ts'
import { instant } from '../../src/model/instant.ts'
import { load, told } from '../specs/spec-folder.ts'
import { blocksIn } from './documented.ts'
import { followDocuments } from './follow-documents.ts'

const DOCUMENT = 'docs/schedules.md'
const { world, follow, expectAllRun } = followDocuments('docs-commands-schedules.test.ts')

describe(DOCUMENT, () => {
  test('its pictured week is that of its timetable', async () => {
    const loaded = await load({ 'postgres.yaml': blocksIn(DOCUMENT, 'yaml')[0]! })
    expect(told(loaded)).toEqual([])
    const { bandwidth } = loaded.specs[0]!.transfer
    const marks = new Map<unknown, string>([
      [null, '='],
      [25 * 1024, '-'],
      ['off', '.'],
      [200 * 1024, '+'],
    ])
    // A Monday's midnight in Oslo.
    const monday = Date.parse('2026-11-22T23:00:00Z')
    const drawn = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day, i) => {
      const halves = Array.from({ length: 48 }, (_, half) => monday + (i * 48 + half) * 1800_000)
      return `${day}    ${halves.map((at) => marks.get(rateAt(bandwidth, instant(at)).rate)).join('')}`
    })
    const picture = blocksIn(DOCUMENT, '')[0]!.split('\n')
    expect(picture.slice(1, 8)).toEqual(drawn)
  })

  test('its schedules are sound', async () => {
    const lines = blocksIn(DOCUMENT, 'yaml')[1]!.trim().split('\n')
    for (const line of lines) {
      const spec = `version: 1\nsource: { host: a, user: b }\ndestination: { path: /srv/a }\n${line}\n`
      expect(told(await load({ 'a.yaml': spec }))).toEqual([])
    }
    expect(lines).toHaveLength(2)
  })

  test('a backup is planned, brought at once, rests and runs again', async () => {
    const at = await world()
    at.shareKeys()
    at.declare(blocksIn('docs/migrate.md', 'yaml')[0]!)
    at.finish('db-2026-11-20.tar.gz', 'held')
    const type = (command: string) => follow(DOCUMENT, command)
    expect((await type('reconcile --dry-run postgres')).out).toContain('at 25 KiB/s')
    expect((await type('reconcile --now postgres')).out).toContain('1 pulled')
    expect(await type('reconcile suspend postgres --reason "disk swap" --until 2d')).toMatchObject({
      code: 0,
    })
    expect((await at.run('reconcile postgres')).code).toBe(7)
    expect((await type('reconcile status postgres')).out).toMatch(
      /suspended\s+by\s+\S+\s+since[\s\S]*disk\s+swap/,
    )
    expect((await type('reconcile resume postgres')).out).toContain('Resumed postgres')
    await type('reconcile suspend --all --reason "moving house"')
    expect((await at.run('reconcile')).out).toContain('suspended')
    expect((await type('reconcile resume --all')).code).toBe(0)
    expect((await at.run('reconcile postgres')).code).toBe(0)
  })
})

expectAllRun()
