import { appendFileSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Notice } from '../../src/model/notice.ts'
import { deadOrigin } from '../helpers/receiver.ts'
import { blocksIn, commandsIn, readDocument } from './documented.ts'
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
    expect((await follow('docs/notices.md', 'reconcile validate')).all).toContain('ops-hook cannot be used')
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
    const kinds = ['late', 'failing', 'conflict', 'lost', 'held', 'recovered']
    const table = readDocument('docs/notices.md').split('## Notices')[1]!.split('## Heartbeat')[0]!
    expect([...table.matchAll(/^\| `(\w+)` \|/gm)].map((hit) => hit[1])).toEqual(kinds)
  })
})

expectAllRun()
