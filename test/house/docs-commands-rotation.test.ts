import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canMountImages } from '../helpers/disk-small.ts'
import { load, told } from '../specs/spec-folder.ts'
import { blocksIn } from './documented.ts'
import { followDocuments } from './follow-documents.ts'

const DOCUMENT = 'docs/rotation.md'
const { world, follow, expectAllRun } = followDocuments('docs-commands-rotation.test.ts')

describe(DOCUMENT, () => {
  test('its spec is sound', async () => {
    expect(told(await load({ 'postgres.yaml': blocksIn(DOCUMENT, 'yaml')[0]! }))).toEqual([])
  })

  test.skipIf(!canMountImages())('two disks are prepared, known, swapped, and one is retired', async () => {
    const at = await world()
    at.shareKeys()
    at.declare(blocksIn(DOCUMENT, 'yaml')[0]!)
    at.finish(`db-${new Date().toISOString().slice(0, 10)}.tar.gz`, 'held')
    const image = (name: string) => join(at.folder, `${name}.img`)
    const mounted = () => readFileSync('/proc/self/mounts', 'utf8').includes(` ${at.folder}/srv/offsite `)
    // The images stand in for what would be found by its label.
    const type = (command: string) =>
      follow(DOCUMENT, command, (text) =>
        text.replace(/mount -L (\w+)/, (_, name) => `mount -o loop ${image(name)}`),
      )
    try {
      for (const name of ['offsite1', 'offsite2', 'offsite3']) {
        execFileSync('truncate', ['-s', '16M', image(name)])
        const made = await follow(DOCUMENT, 'mkfs.ext4 -L offsite1 /dev/sdX1', (text) =>
          text.replace('offsite1 /dev/sdX1', `${name} -q ${image(name)}`),
        )
        expect(made.code).toBe(0)
      }
      expect((await at.run('reconcile postgres')).code).toBe(7)
      expect((await type('mkdir -p /srv/offsite')).code).toBe(0)
      expect((await type('mount -L offsite1 /srv/offsite')).code).toBe(0)
      expect((await type('chown -R reconcile: /srv/offsite')).code).toBe(0)
      expect(await type('reconcile postgres')).toMatchObject({ code: 0 })
      expect((await type('umount /srv/offsite')).code).toBe(0)

      expect((await type('mount -L offsite2 /srv/offsite')).code).toBe(0)
      const held = await type('reconcile -n postgres')
      expect([held.code, held.all]).toEqual([7, expect.stringMatching(/ext4\s+"offsite2"/)])
      const [, id] = /reconcile release (\w+)/.exec(held.all)!
      const released = await follow(DOCUMENT, 'reconcile release ID --reason "second disk"', (text) =>
        text.replace('ID', id!),
      )
      expect(released.code).toBe(0)
      expect(await type('reconcile postgres')).toMatchObject({ code: 0 })

      expect((await type('reconcile suspend --all --reason "disk swap"')).code).toBe(0)
      expect((await type('fuser -vm /srv/offsite')).all).not.toMatch(/\b(?:node|rsync|flock)\b/)
      expect((await type('umount /srv/offsite')).code).toBe(0)
      expect((await type('mount -L offsite1 /srv/offsite')).code).toBe(0)
      expect((await type('reconcile resume --all')).code).toBe(0)
      expect(await type('reconcile')).toMatchObject({ code: 0 })
      const shown = (await type('reconcile status')).out
      const [pattern] = blocksIn(DOCUMENT, '').filter((block) => block.startsWith('postgres is fine'))
      // The same lines with other numbers.
      const bare = (text: string) =>
        at
          .there(text)
          .replace(/\d[\d.]* (?:s|min|h|d|B|KiB|MiB|GiB|TiB)\b(?: ago)?|\d\d:\d\d|just now|today/g, 'N')
      const [known, real] = [bare(pattern!), bare(shown)].map((text) => text.split('\n'))
      expect(real!.filter((line) => line.startsWith('ext4'))).toEqual(
        known!.filter((line) => line.startsWith('ext4')),
      )

      execFileSync('umount', [join(at.folder, 'srv/offsite')])
      execFileSync('mount', ['-oloop', image('offsite3'), join(at.folder, 'srv/offsite')])
      expect((await at.run('reconcile')).code).toBe(7)
      expect((await type('reconcile release --all-destinations --reason "third disk"')).code).toBe(0)
      expect((await at.run('reconcile')).code).toBe(0)
      expect((await type('reconcile release --forget-disk offsite2 --reason "it broke"')).code).toBe(0)
      expect((await at.run('reconcile status')).out).not.toContain('offsite2')
    } finally {
      if (mounted()) execFileSync('umount', [join(at.folder, 'srv/offsite')])
    }
  })
})

describe.skipIf(!canMountImages())('all of them', expectAllRun)
