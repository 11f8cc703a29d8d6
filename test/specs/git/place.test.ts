import { describe, expect, test } from 'vitest'
import { readGitRef } from '../../../src/specs/git/ref.ts'
import { readGitUrl } from '../../../src/specs/git/url.ts'
import { loadSettings, type SettingsFlags } from '../../../src/specs/settings/load.ts'
import { fill, scratch, told } from '../spec-folder.ts'

describe('a repository may be reached', () => {
  test.each([
    'ssh://git@git.example.net/ops/backups.git',
    'ssh://git@git.example.net:2222/~/backups.git',
    'ssh://git@[2001:db8::1]:22/x',
    'git@git.example.net:ops/backups.git',
    'https://git.example.net/ops/backups.git',
    'file:///srv/git/backups.git',
    '/srv/git/backups.git',
  ])('by %s', (url) => {
    expect(readGitUrl(url)).toEqual({ ok: true, value: url })
  })

  test.each([
    ['ext::sh -c id', 'white space'],
    ['ext::/bin/id', 'transport helper'],
    ['fd::17', 'transport helper'],
    ['file::/x', 'transport helper'],
    ['::x', 'transport helper'],
    ['--upload-pack=/bin/id', 'begins with "-"'],
    ['-u', 'begins with "-"'],
    ['http://git.example.net/x', 'use ssh or https'],
    ['git://git.example.net/x', 'use ssh or https'],
    ['ftp://git.example.net/x', 'use ssh, https'],
    ['https://user:pw@git.example.net/x', 'password'],
    ['https://token@git.example.net/x', 'password'],
    ['https://@git.example.net/x', 'password'],
    ['https://git.example.net/x?token=1', '"?"'],
    ['https://git.example.net/x#a', '"?" or "#"'],
    ['https://', 'no URL'],
    ['ssh://git:pw@git.example.net/x', 'password'],
    ['ssh://-oProxyCommand=id/x', 'no user'],
    ['ssh://a@-oProxyCommand=id/x', 'names a host'],
    ['ssh://-l@host/x', 'names a user'],
    ['ssh://git@host:0/x', 'port'],
    ['ssh://git@host:99999/x', 'port'],
    ['ssh://git.example.net/x', 'no user'],
    ['ssh://git@host', 'is not ssh'],
    ['git@-oProxyCommand=id:x', 'names a host'],
    ['git@host:-x', 'no path'],
    ['git@host:', 'no path'],
    ['a@b@c:x', 'neither a URL'],
    ['host:x', 'no user'],
    ['backups.git', 'neither a URL'],
    ['../x', 'neither a URL'],
    ['/srv/../etc', '".."'],
    ['file://host/x', 'names a host'],
    ['file:///x%00', '"%"'],
    ['/srv/a\nb', 'white space'],
    ['https://h/\u202ex', 'invisible'],
    ['', 'empty'],
  ])('never by %j', (url, why) => {
    expect(readGitUrl(url)).toEqual({ ok: false, fault: expect.stringContaining(why) })
  })
})

describe('a ref', () => {
  test.each(['main', 'release/1.x', 'refs/heads/main', 'HEAD', 'v1.0', 'a'.repeat(40), 'æøå'])(
    '%s',
    (ref) => {
      expect(readGitRef(ref).ok).toBe(true)
    },
  )

  test.each([
    ...[
      '-x',
      '--upload-pack=id',
      '',
      '@',
      'a..b',
      'a b',
      'a~1',
      'a^',
      'a:b',
      'a?',
      'a*',
      'a[b',
      'a\\b',
      'a@{1}',
    ],
    ...[
      '/a',
      'a/',
      'a//b',
      '.a',
      'a/.b',
      'a.lock',
      'a.lock/b',
      'a.',
      'a\nb',
      'a\u001bb',
      'a\u202eb',
      'x'.repeat(251),
    ],
  ])('never %j', (ref) => {
    expect(readGitRef(ref).ok).toBe(false)
  })
})

describe('settings', () => {
  const box = async (config: string, flags: SettingsFlags = {}) => {
    const folder = await scratch()
    await fill(folder, { 'etc/config.yaml': config, 'cwd/x': '' })
    const loaded = await loadSettings({
      configFile: null,
      home: '/home/me',
      uid: 0,
      env: {},
      flags,
      cwd: `${folder}/cwd`,
      etc: `${folder}/etc`,
    })
    return { specs: loaded.settings.specs, faults: told({ folder, faults: loaded.faults }), folder }
  }
  const config = 'git: { url: /srv/g, ref: main, subpath: ./b/, identity: /k, verifySignatures: signers }\n'

  test('hold a place in git, with defaults', async () => {
    const { specs, folder } = await box(config)
    expect(specs).toEqual({
      kind: 'git',
      url: '/srv/g',
      ref: 'main',
      subpath: 'b',
      interval: 60,
      identity: '/k',
      knownHosts: '/etc/reconcile/known_hosts',
      verifySignatures: `${folder}/etc/signers`,
      caFile: null,
    })
  })

  test('flags win; another repository has a ref and a subpath of its own, and the same signers', async () => {
    expect((await box(config, { ref: 'dev', gitInterval: '5m' })).specs).toMatchObject({
      url: '/srv/g',
      ref: 'dev',
      subpath: 'b',
      interval: 300,
    })
    const { specs, folder } = await box(config, { git: '/srv/h' })
    expect(specs).toMatchObject({
      url: '/srv/h',
      ref: 'HEAD',
      subpath: '',
      identity: '/k',
      verifySignatures: `${folder}/etc/signers`,
    })
    expect((await box(config, { git: '/srv/g' })).specs).toMatchObject({ ref: 'main', subpath: 'b' })
    expect((await box(config, { specs: 'd' })).specs).toMatchObject({ kind: 'folder' })
    const signed = await box('', { git: '/srv/g', verifySignatures: 's' })
    expect(signed.specs).toMatchObject({ verifySignatures: `${signed.folder}/cwd/s` })
  })

  test.each<[string, SettingsFlags, string]>([
    ['both a folder and a repository', { specs: 'd', git: '/x' }, '--specs and --git exclude'],
    ['a ref of a folder', { specs: 'd', ref: 'x' }, '--specs and --ref exclude'],
    ['a ref of nothing', { ref: 'x' }, '--ref needs --git'],
    ['signatures of nothing', { verifySignatures: 'x' }, '--verify-signatures needs --git'],
    ['a URL that runs a program', { git: 'ext::id' }, '--git: "ext::id" names a transport helper'],
    ['a ref that is an option', { git: '/x', ref: '--exec=id' }, '--ref: '],
    ['a subpath that leaves', { git: '/x', subpath: '../..' }, '--subpath: '],
    ['an interval without a unit', { git: '/x', gitInterval: '5' }, '--git-interval: "5" has no unit'],
    ['an interval too short', { git: '/x', gitInterval: '1s' }, 'below 5s'],
  ])('%s is a usage error, and shows a line to type', async (_, flags, message) => {
    await expect(box('', flags)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
      hint: expect.stringMatching(/^(?:For example|Leave out one of them): --/),
    })
  })

  test.each([
    ['git: { url: "ext::id" }', '1:13 bad-git-url'],
    ['git: { url: /x, ref: "a b" }', '1:22 bad-git-ref'],
    ['git: { ref: main }', '1:1 missing-key'],
    ['git: { url: /x, subpath: ../y }', '1:26 unsafe-path'],
    ['git: { url: /x, identity: "a\\0b" }', '1:27 unsafe-path'],
    ['git: { url: /x, branch: main }', '1:17 unknown-key'],
    ['git: { url: /x }\nspecs: d', '1:6 wrong-value git and specs exclude'],
  ])('%s is a fault', async (text, fault) => {
    const { faults } = await box(`${text}\n`)
    expect(faults[0]).toContain(fault)
  })

  test.each([
    'u:secret@localhost:x',
    'u:sec@secret@localhost:x',
    'https://h/x?private_token=secret',
    'https://h/x#secret',
    'https://u:secret@h/x',
    'https://secret@h/x',
    'HTTPS://secret@h/x',
    'ssh://u:secret@h/x',
    'ftp://secret@h/x',
    'ext::sh -c "u:secret@h"',
  ])('a secret in %s shows nowhere', async (url) => {
    const said = async (act: Promise<unknown>) =>
      JSON.stringify(await act.catch((error: Error) => error.message))
    const quoted = JSON.stringify(url)
    for (const text of [
      `git: { url: ${quoted} }\n`,
      `git:\n  ref: main\n  url: ${quoted}\n  branch: x\n`,
      `git:\n  url: >-\n    ${url}\nbogus: 1\n`,
      `git:\n  url: ${quoted}\n  url: ${quoted}\n`,
      `git:\n  url: ${quoted}\n ref: [\n`,
    ]) {
      const folder = await scratch()
      await fill(folder, { 'config.yaml': text })
      const options = { configFile: `${folder}/config.yaml`, home: '/home/me', uid: 0, env: {}, flags: {} }
      const { faults } = await loadSettings(options)
      expect(faults.length, text).toBeGreaterThan(0)
      expect(JSON.stringify(faults), text).not.toContain('secret')
    }
    expect(await said(box('', { git: url }))).not.toContain('secret')
  })

  test('a URL that is taken is taken as it is', async () => {
    for (const url of ['git@h:team@x/y?z#w', 'ssh://git@h:22/a:b@c', '~/a:b@c?d']) {
      const { specs, faults } = await box(`git: { url: ${JSON.stringify(url)} }\n`)
      expect(faults).toEqual([])
      expect(specs).toMatchObject({ url: url.replace('~', '/home/me') })
    }
  })

  test('a faulty place is no reason to obey another one', async () => {
    expect((await box('git: { url: "ext::id" }\n')).specs).toMatchObject({ kind: 'git', url: '' })
  })

  // Where each letter asks for a look through all the rest, this takes a minute.
  test.each(['a', '@', ':', '?'])(
    'a long word of %j is read through once',
    async (letter) => {
      const found = await box(`state: "${letter.repeat(250_000)}"\nspecs: /s\n`)
      expect(found.faults.length).toBeLessThan(2)
    },
    20_000,
  )
})
