import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadSpecs } from '../../../src/specs/load-specs.ts'
import { loadSettings } from '../../../src/specs/settings/load.ts'
import { forbidden, led, ourPlaces } from '../../../src/specs/spec/our-places.ts'
import { suggestMounts } from '../../../src/specs/spec/suggest-mount.ts'
import { startOf } from '../../../src/specs/yaml/located.ts'
import { realPath } from '../../../src/system/real-path.ts'
import { fill, load, scratch, spec, told } from '../spec-folder.ts'

const at = (path: string) => spec({ destination: JSON.stringify({ path }) })

describe('I6: no destination is, holds or lies in the system', () => {
  test.each([
    ...[
      '/etc',
      '/etc/cron.d',
      '/bin/x',
      '/sbin',
      '/lib',
      '/lib32/x',
      '/lib64',
      '/libx32',
      '/boot/efi',
      '/sys/x',
    ],
    ...[
      '/dev',
      '/dev/shm/x',
      '/usr',
      '/usr/lib/systemd/system',
      '/run',
      '/run/systemd/system',
      '/run/mediaX',
    ],
    ...['/proc', '/proc/1', '/proc/self/cwd/x', '/proc//self/root/etc', '/./etc/./cron.d/', '//usr//bin'],
  ])('%s, with or without roots', async (path) => {
    for (const roots of [null, ['/']]) {
      const found = await load({ 'a.yaml': at(path), 'b.yaml': at('/srv/b') }, roots)
      expect(found.specs.map(({ name }) => name)).toEqual(['b'])
      expect(told(found)).toEqual([expect.stringMatching(/^a\.yaml:3:\d+ /)])
    }
  })

  test.each([
    '/usr/local/backups',
    '/usr/local',
    '/run/media/me/disk',
    '/etcetera',
    '/usrx',
    '/srv/etc',
    '/home/x',
  ])('%s is nobody else’s', async (path) => expect((await load({ 'a.yaml': at(path) })).faults).toEqual([]))

  test('by real path: through links, dangling ones too, and those that go through /proc', async () => {
    const world = await scratch()
    await symlink('/etc', join(world, 'link'))
    await symlink('/usr/lib/not-there-yet', join(world, 'dangling'))
    await symlink(join(world, 'link'), join(world, 'twice'))
    await symlink('/proc/self/cwd', join(world, 'cwd'))
    await symlink('/usr/local', join(world, 'local'))
    for (const path of ['link/x', 'dangling/x', 'twice/cron.d', 'cwd/x']) {
      expect(told(await load({ 'a.yaml': at(join(world, path)) }))).toEqual([
        expect.stringMatching(/^a\.yaml:3:22 destination-forbidden /),
      ])
    }
    expect((await load({ 'a.yaml': at(join(world, 'local/x')) })).faults).toEqual([])
    const source = spec({ source: `{ path: ${world}/cwd/x }` })
    expect(told(await load({ 'a.yaml': source }))).toEqual([
      expect.stringMatching(/^a\.yaml:2:17 unsafe-path /),
    ])
  })
})

describe('I6: no destination is, holds or lies in what this program obeys', () => {
  /** A box with a folder of specs, state, config.yaml, keys and URLs, each in a place of its own. */
  async function box(over: { readonly git?: true } = {}) {
    const folder = await scratch()
    const source = over.git
      ? `git: { url: ${folder}/repo.git, verifySignatures: ${folder}/signers/them }`
      : `specs: ${folder}/specs`
    const config = `state: ${folder}/memory\n${source}\nheartbeat: { urlFile: ${folder}/urls/beat }\n`
    await fill(folder, {
      'etc/config.yaml': config,
      'specs/x.yaml': '',
      'cwd/x': '',
    })
    await symlink(join(folder, 'specs'), join(folder, 'link'))
    await mkdir(join(folder, 'state-link-target'))
    const options = { home: join(folder, 'home'), uid: 1000, env: {}, flags: {}, cwd: join(folder, 'cwd') }
    const { settings } = await loadSettings({
      ...options,
      configFile: join(folder, 'etc/config.yaml'),
      etc: join(folder, 'usual'),
    })
    const why = async (path: string) =>
      forbidden(await realPath(join(folder, path)), await led(ourPlaces(settings)))?.replaceAll(
        `${folder}/`,
        '',
      ) ?? 'free'
    return { folder, settings, why }
  }

  test('from a folder', async () => {
    const { folder, why } = await box()
    expect(await why('specs')).toBe('is the folder of specs')
    expect(await why('specs/below')).toBe('lies in the folder of specs, specs')
    expect(await why('link/below')).toBe('lies in the folder of specs, specs')
    expect(await why('memory/x')).toBe('lies in the folder of state, memory')
    expect(await why('etc')).toBe('is the folder of config.yaml')
    expect(await why('etc/offsite')).toBe('lies in the folder of config.yaml, etc')
    // Where a config.yaml would be obeyed from the next run on.
    expect(await why('home/.config/reconcile')).toBe('is the folder of config.yaml')
    expect(await why('home/.config')).toContain('holds the folder of config.yaml')
    expect(await why('usual')).toBe('is the folder of config.yaml')
    expect(await why('urls')).toBe('holds the file of a URL, urls/beat')
    expect(await why('')).toContain('holds the folder of specs')
    expect(await why('offsite')).toBe('free')
    expect(await why('specs-2')).toBe('free')
    await symlink(join(folder, 'memory'), join(folder, 'alias'))
    expect(await why('alias/git')).toBe('lies in the folder of state, memory')
  })

  test('from git', async () => {
    const { why } = await box({ git: true })
    expect(await why('repo.git/refs')).toBe('lies in the repository of specs, repo.git')
    expect(await why('memory/git/0123')).toBe('lies in the folder of state, memory')
    expect(await why('signers')).toBe('holds the list of allowed signers, signers/them')
    expect(await why('signers/beside')).toBe('free')
    expect(await why('specs')).toBe('free')
  })

  test('a folder of specs that is itself reached by a link, and a config.yaml that is one', async () => {
    const { folder, settings } = await box()
    const linked = { ...settings, specs: { kind: 'folder', path: join(folder, 'link') } } as const
    const why = async (path: string) =>
      forbidden(await realPath(join(folder, path)), await led(ourPlaces(linked)))
    expect(await why('specs')).toBe('is the folder of specs')
    await mkdir(join(folder, 'kept'))
    await writeFile(join(folder, 'kept/box.yaml'), '')
    await mkdir(join(folder, 'home/.config/reconcile'), { recursive: true })
    await symlink(join(folder, 'kept/box.yaml'), join(folder, 'home/.config/reconcile/config.yaml'))
    const { settings: own } = await loadSettings({
      configFile: null,
      home: join(folder, 'home'),
      uid: 1000,
      env: {},
      flags: { specs: join(folder, 'specs') },
      cwd: folder,
    })
    for (const path of ['kept', 'home/.config/reconcile'])
      expect(forbidden(await realPath(join(folder, path)), await led(ourPlaces(own)))).toBe(
        'is the folder of config.yaml',
      )
  })

  test('the folder that specs are read from, whatever the settings say', async () => {
    const folder = await scratch()
    await fill(folder, { 'specs/a.yaml': at(`${folder}/specs`), 'specs/b.yaml': at(folder) })
    const found = await loadSpecs(join(folder, 'specs'), { roots: null, home: '/home/me' })
    expect(found.specs).toEqual([])
    expect(found.faults.filter(({ code }) => code === 'destination-forbidden')).toHaveLength(2)
  })

  test('./backups.d in a destination came from a source, and is not obeyed', async () => {
    const folder = await scratch()
    await fill(folder, {
      'offsite/backups.d/evil.yaml': '',
      'offsite/.reconcile/id': '',
      'offsite/sub/backups.d/x': '',
    })
    const options = { configFile: null, home: folder, uid: 0, env: {}, flags: {}, etc: join(folder, 'etc') }
    for (const cwd of ['offsite', 'offsite/sub']) {
      const { settings } = await loadSettings({ ...options, cwd: join(folder, cwd) })
      expect(settings.specs).toMatchObject({ kind: 'folder', path: join(folder, 'etc/backups.d') })
    }
  })

  test('a key or a pin in a destination', async () => {
    const source = '{ host: h, user: u, identity: /srv/b/keys/id, knownHosts: /srv/other/pins }'
    const found = await load({ 'a.yaml': spec({ source }), 'b.yaml': at('/srv/b') })
    expect(told(found)).toEqual([
      expect.stringMatching(
        /^a\.yaml:2:\d+ unsafe-path \/srv\/b\/keys\/id lies in the destination of backup "b", b\.yaml:3/,
      ),
    ])
    expect(found.specs.map(({ name }) => name)).toEqual(['b'])
  })
})

describe('who holds a destination goes on, and the newcomer is faulty', () => {
  async function among(
    files: Readonly<Record<string, string>>,
    holders: Readonly<Record<string, string>>,
    folder = '/srv',
  ) {
    const specs = await scratch()
    await fill(specs, files)
    const known = new Map(Object.entries(holders).map(([path, name]) => [join(folder, path), name]))
    const box = { ours: [], holders: async () => known, suggestsMounts: false }
    const found = await loadSpecs(specs, { roots: null, home: '/', box })
    return { sound: found.specs.map(({ name }) => name), told: told(found) }
  }

  test.each([
    ['the same folder', '/srv/a', 'is the same folder as'],
    ['one below it', '/srv/a/sub', 'lies inside'],
    ['one above it', '/srv', 'holds'],
  ])('%s', async (_, path, relation) => {
    // Also where the newcomer comes first by name.
    for (const newcomer of ['b', '0']) {
      const found = await among({ 'a.yaml': at('/srv/a'), [`${newcomer}.yaml`]: at(path) }, { a: 'a' })
      expect(found.sound).toEqual(['a'])
      expect(found.told).toEqual([
        expect.stringMatching(
          new RegExp(
            `^${newcomer}\\.yaml:3:22 destination-clash .* ${relation} /srv/a, that of backup "a", a\\.yaml:3 .*goes on`,
          ),
        ),
      ])
    }
  })

  test('by real path', async () => {
    const world = await scratch()
    await mkdir(join(world, 'real'))
    await symlink('real', join(world, 'link'))
    const files = { 'a.yaml': at(`${world}/real/a`), 'b.yaml': at(`${world}/link/a`) }
    expect((await among(files, { 'real/a': 'a' }, world)).sound).toEqual(['a'])
  })

  test('two newcomers beside it are both faulty, and are told of the one that holds it', async () => {
    const files = { 'a.yaml': at('/srv/x'), 'b.yaml': at('/srv/x'), 'c.yaml': at('/srv/x') }
    const { sound, told } = await among(files, { x: 'c' })
    expect(sound).toEqual(['c'])
    expect(told.map((line) => /backup "(.)"/.exec(line)?.[1])).toEqual(['c', 'c'])
  })

  test('two that hold what is nested by now are both faulty', async () => {
    const { sound } = await among(
      { 'a.yaml': at('/srv/a'), 'b.yaml': at('/srv/a/b') },
      { a: 'a', 'a/b': 'b' },
    )
    expect(sound).toEqual([])
  })

  test('a newcomer that takes the name alone', async () => {
    const files = { 'a.yaml': at('/srv/a'), 'z.yaml': spec({ name: 'a', destination: '{ path: /srv/z }' }) }
    const { sound, told } = await among(files, { a: 'a' })
    expect(sound).toEqual(['a'])
    expect(told).toEqual([expect.stringMatching(/^z\.yaml:2:7 duplicate-name .* a\.yaml:1 .*goes on/)])
  })

  test('a holder of whose spec nothing can be read keeps its destination all the same', async () => {
    const { sound, told } = await among(
      { 'a.yaml': '{', 'b.yaml': at('/srv/a/sub'), 'c.yaml': at('/srv/c') },
      { a: 'a' },
    )
    expect(sound).toEqual(['c'])
    expect(told.at(-1)).toMatch(/^b\.yaml:3:22 destination-clash .*backup "a".*a\.yaml/)
  })

  test('a backup with another name, or one whose old destination is left, is no newcomer to anybody', async () => {
    expect((await among({ 'b.yaml': at('/srv/a') }, { a: 'a' })).sound).toEqual(['b'])
    expect((await among({ 'a.yaml': at('/srv/z'), 'b.yaml': at('/srv/a') }, { a: 'a' })).sound).toEqual([
      'a',
      'b',
    ])
    expect((await among({ 'b.yaml': at('/srv/a'), 'x.yaml': '{' }, { a: 'a' })).sound).toEqual(['b'])
  })
})

describe('a destination on a disk of its own', () => {
  const table = [
    '27 1 8:1 / / rw - ext4 /dev/sda1 rw',
    '30 27 8:17 / /srv/offsite rw - ext4 /dev/sdb1 rw',
    '31 27 0:40 / /mnt/my\\040disk rw - nfs4 nas:/x rw',
    '32 27 0:41 / /tmp rw - tmpfs tmpfs rw',
  ].join('\n')
  const place = startOf({ file: 'a.yaml', text: '' })
  const suggested = async (path: string, mount: string | null = null) => {
    const claim = {
      file: 'a.yaml',
      name: { text: 'a', place },
      destination: { path, place },
      mount: mount === null ? null : { path: mount, place },
      localSource: null,
      keys: [],
    }
    return (await suggestMounts([claim], table)).map(
      ({ fault }) => `${fault.severity} ${fault.code} ${fault.hint}`,
    )
  }
  test('the line to write is said, once it is missing', async () => {
    expect(await suggested('/srv/offsite/pg')).toEqual([
      expect.stringMatching(/^warning mount-suggested .*under destination: {2}mount: \/srv\/offsite$/),
    ])
    expect(await suggested('/mnt/my disk/pg')).toEqual([expect.stringMatching(/mount: "\/mnt\/my disk"$/)])
    expect(await suggested('/srv/offsite/pg', '/srv/offsite')).toEqual([])
    for (const path of ['/srv/other', '/srv/offsite2', '/tmp/x']) expect(await suggested(path)).toEqual([])
  })
})
