import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadSpecs } from '../../src/specs/load-specs.ts'
import { hintFromSshConfig } from '../../src/system/ssh-config.ts'

/** A home folder whose ~/.ssh/config has these lines. */
function homeWith(...lines: readonly string[]): string {
  const home = mkdtempSync(join(tmpdir(), 'home-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  mkdirSync(join(home, '.ssh'), { mode: 0o700 })
  writeFileSync(join(home, '.ssh/config'), lines.join('\n'), { mode: 0o600 })
  return home
}

const CONFIG = [
  'Host web db # not this word',
  'Host db other "quoted name"',
  '  HostName=db1.example.net',
  '  Port 222',
  '\tuser foo',
  '  User later',
  '  IdentityFile "~/.ssh/my key"',
  'Host *.wild',
  '  HostName %h.example.net',
  '  IdentityFile %d/.ssh/wild',
  'Host gate',
  '  HostName gate.example.net',
  '  User jumper',
  'Host behind',
  '  ProxyJump gate,second@10.0.0.2:2222',
  '  User inner',
  'Match originalhost matched user someone',
  '  HostName matched.example.net',
  'Host proxied',
  '  ProxyCommand touch /x',
  'Host keyed',
  '  HostName keyed.example.net',
  '  IdentityFile %d/keys/the-1.key+x',
  'Host six',
  '  HostName 2001:db8::7',
  '  ProxyJump jumper@[2001:db8::1]:2222',
  'Host numeric',
  '  HostName 10.0.0.7',
  '  User 0123',
]

test.each([
  ['db', 'bak', 'host: db1.example.net, port: 222, user: foo, identity: "~/.ssh/my key"'],
  ['other', null, 'host: db1.example.net, port: 222, user: foo, identity: "~/.ssh/my key"'],
  ['x.wild', 'bak', 'host: x.wild.example.net, user: bak, identity: ~/.ssh/wild'],
  ['behind', 'bak', 'host: behind, user: inner, jump: [jumper@gate.example.net, "second@10.0.0.2:2222"]'],
  ['keyed', 'bak', 'host: keyed.example.net, user: bak, identity: "~/keys/the-1.key+x"'],
  ['six', 'bak', 'host: "2001:db8::7", user: bak, jump: ["jumper@[2001:db8::1]:2222"]'],
  ['numeric', null, 'host: "10.0.0.7", user: "0123"'],
])('%s: what ~/.ssh/config says of it is offered as keys that validate', async (host, user, keys) => {
  const home = homeWith(...CONFIG)
  const hint = await hintFromSshConfig(host, user, home)
  expect(hint).toContain(`source: { ${keys} }`)
  const written = /source: \{.*\}/.exec(hint ?? '')?.[0]
  const { specs, faults } = await load(home, `${written}`)
  expect(faults).toEqual([])
  expect(specs).toHaveLength(1)
})

/** What one spec with this source comes to. */
function load(home: string, source: string): ReturnType<typeof loadSpecs> {
  const folder = join(home, 'specs')
  mkdirSync(folder)
  writeFileSync(join(folder, 'one.yaml'), `version: 1\n${source}\ndestination: { path: /srv/x }\n`)
  return loadSpecs(folder, { roots: null, home })
}

test.each([
  ['db', 'user: foo'],
  ['proxied', 'ProxyCommand'],
  ['unknown', 'name the account'],
])('a spec without a user: %s', async (host, hint) => {
  const { faults } = await load(homeWith(...CONFIG), `source: { host: ${host} }`)
  expect(faults).toMatchObject([{ code: 'missing-key', hint: expect.stringContaining(hint) }])
  expect(faults[0]).not.toHaveProperty('host')
})

test('a key file that a spec cannot name, and a user', async () => {
  const home = homeWith('Host db', '  IdentityFile "~/.ssh/my#key"', '  HostName db1', '  User dom\\\\foo')
  const hint = await hintFromSshConfig('db', 'bak', home)
  expect(hint).toMatch(/ Its IdentityFile .* copy the key/)
  expect(hint).toContain('Its User "dom\\\\')
  expect(hint).toContain('cannot be written in a spec')
  expect(hint).not.toMatch(/source: \{[^}]*user/)
})

test('a ProxyCommand has no key: jump is named', async () => {
  expect(await hintFromSshConfig('proxied', 'bak', homeWith(...CONFIG))).toMatch(/ProxyCommand.*jump/)
})

test('a host that it does not know, and no file at all', async () => {
  expect(await hintFromSshConfig('unknown', 'bak', homeWith(...CONFIG))).toBeNull()
  expect(await hintFromSshConfig('web', 'bak', homeWith(...CONFIG))).toBeNull()
  expect(await hintFromSshConfig('-oProxyCommand=x', 'bak', homeWith(...CONFIG))).toBeNull()
})

test('files that it includes count', async () => {
  const home = homeWith()
  writeFileSync(join(home, 'more'), 'Host db\n  HostName db1.example.net\n')
  writeFileSync(join(home, '.ssh/config'), `Include ${join(home, 'm*')}\n`)
  expect(await hintFromSshConfig('db', 'bak', home)).toContain('host: db1.example.net')
})

test('Match exec, and what ssh could run otherwise, runs nothing', async () => {
  const ran = mkdtempSync(join(tmpdir(), 'ran-'))
  onTestFinished(() => rmSync(ran, { recursive: true }))
  const touch = (name: string): string => `touch ${join(ran, name)}`
  const home = homeWith(
    `Match exec "${touch('exec')}"`,
    '  HostName db1.example.net',
    'Host db',
    '  HostName db2.example.net',
  )
  expect(await hintFromSshConfig('db', 'bak', home)).toMatch(/runs a program .*Match exec.* ssh -G db\. /)
  const others = homeWith(
    'Host db',
    '  HostName db2.example.net',
    `  ProxyCommand ${touch('proxy')}`,
    `  KnownHostsCommand /usr/bin/${touch('known')}`,
    '  PermitLocalCommand yes',
    `  LocalCommand ${touch('local')}`,
  )
  expect(await hintFromSshConfig('db', 'bak', others)).toContain('db2.example.net')
  for (const name of ['exec', 'proxy', 'known', 'local']) expect(existsSync(join(ran, name))).toBe(false)
})
