import { chmod, mkdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { layout } from '../../src/destination/layout.ts'
import type { Check, DoctorReport } from '../../src/model/doctor.ts'
import { takeLock } from '../../src/system/lock.ts'
import { renderDoctor } from '../../src/view/render-doctor.ts'
import { type Backup, backupIn } from '../helpers/backup.ts'
import { canMount, smallDisk } from '../helpers/disk-small.ts'
import { treeOf } from '../helpers/tree.ts'
import { digestOf, type Ended, makeWorld, type World } from '../helpers/world.ts'

// What a pass relies on is proven, against real sshds that are set up as people set them up.

let world: World
/** For what does not depend on the line. */
let near: World
beforeAll(async () => {
  world = await makeWorld('ssh', { calls: 'here' })
  near = await makeWorld('local', { calls: 'here' })
})
afterAll(() => Promise.all([world.end(), near.end()]))

/** What stands before the key in authorized_keys, for one case. */
async function lineBefore(words: string): Promise<void> {
  const file = join(world.folder, 'keys/authorized_keys')
  const before = await readFile(file, 'utf8')
  onTestFinished(() => writeFile(file, before))
  await writeFile(file, `${words} ${await readFile(join(world.folder, 'keys/user_key.pub'), 'utf8')}`)
}

const doctor = (...words: string[]) => doctorIn(world, ...words)

async function doctorIn({ run }: World, ...words: string[]): Promise<DoctorReport & { ended: Ended }> {
  const ended = await run('doctor', ...words, '--json')
  return { ...(JSON.parse(ended.stdout) as DoctorReport), ended }
}

/** `failed key-refused` by check. */
const states = (checks: readonly Check[]): Record<string, string> =>
  Object.fromEntries(
    checks.map(({ code, state, cause }) => [code, cause === undefined ? state : `${state} ${cause}`]),
  )

const statesOf = async (name: string, at = world) => states((await doctorIn(at, name)).backups[0]!.checks)

/** A public key stays whole, to be copied. */
const tooWide = (text: string) =>
  text.split('\n').filter((line) => line.length > 80 && !/^ *ssh-ed25519 \S+$/.test(line))

test('a file of the state that cannot be read stops every pass, and is found here', async () => {
  await backupIn(near, 'stateful')
  const file = join(near.state, 'suspensions.json')
  await mkdir(near.state, { recursive: true })
  await writeFile(file, 'garbage')
  const { box, exitCode } = await doctorIn(near, 'stateful')
  await rm(file)
  expect([states(box)['state'], exitCode]).toEqual(['failed state-damaged', 1])
})

test('a good source and a new destination: all is well, and nothing is made anywhere', async () => {
  const at = await backupIn(world, 'good')
  await at.offer('a.tar', 'a')
  const trees = () => Promise.all([world.source, at.destination, world.state, world.specs].map(treeOf))
  const before = await trees()
  const { backups, box, exitCode, ended } = await doctor('good')
  expect(backups.map(({ backup }) => backup)).toEqual(['good'])
  expect(states(backups[0]!.checks)).toEqual({
    ...{ identity: 'ok', 'known-hosts': 'ok', 'key-rights': 'ok', 'host-key': 'ok', login: 'ok' },
    ...{ listing: 'ok', claims: 'ok', shell: 'ok', write: 'ok', outside: 'ok', forward: 'ok' },
    ...{ clock: 'skipped', destination: 'ok', space: 'ok', inodes: 'ok', links: 'skipped', names: 'skipped' },
  })
  expect(states(box)).toEqual({ tools: 'ok', rsync: 'ok', ssh: 'ok', state: 'ok', 'box-clock': 'ok' })
  expect([exitCode, ended.code, ended.stderr]).toEqual([0, 0, ''])
  expect(await trees()).toEqual(before)
})

test('after a pass: links and names are tried, and nothing is left of it', async () => {
  const at = await backupIn(world, 'held')
  await at.offer('a.tar', 'a')
  await at.offer('b:c.tar', 'b')
  await at.pass()
  // The folder in which it is tried has another time now.
  const tree = async () =>
    [...(await treeOf(at.destination))].filter(([path]) => path !== '.reconcile/staging')
  const before = await tree()
  expect(await statesOf('held')).toMatchObject({
    ...{ owner: 'ok', 'disk-identity': 'ok', ledger: 'ok', links: 'ok', names: 'ok' },
  })
  expect(await tree()).toEqual(before)
})

describe('accounts that are set up otherwise', () => {
  const served = () => `'${world.source}'`
  const refused = { write: 'ok', outside: 'ok', forward: 'ok' }
  const closed = { write: 'skipped', outside: 'skipped', forward: 'ok' }
  const notRsync = { login: 'ok', shell: 'ok', listing: 'failed garbage-from-source', claims: 'skipped' }
  test.each<[string, () => string, Record<string, string>, number]>([
    [
      'rrsync that may write',
      () => `restrict,command="rrsync ${served()}"`,
      { listing: 'ok', shell: 'ok', ...refused, write: 'failed' },
      1,
    ],
    [
      'rrsync without restrict',
      () => `command="rrsync -ro ${served()}"`,
      { listing: 'ok', shell: 'ok', ...refused, forward: 'warning' },
      0,
    ],
    [
      'a wrapper that starts any rsync',
      () =>
        `restrict,command="cd ${served()}; case $SSH_ORIGINAL_COMMAND in rsync*) exec $SSH_ORIGINAL_COMMAND;; esac"`,
      { shell: 'ok', write: 'failed', outside: 'warning', forward: 'ok' },
      1,
    ],
    [
      'one fixed sender',
      () => `restrict,command="rsync --server --sender -tre.LsfxCIvu . ${served()}/"`,
      { listing: 'ok', shell: 'ok', ...refused },
      1,
    ],
    [
      'a command that only repeats what it is sent',
      () => 'restrict,command="echo $SSH_ORIGINAL_COMMAND"',
      { ...notRsync, ...closed },
      1,
    ],
    ['sftp only', () => 'restrict,command="internal-sftp"', { ...notRsync, ...closed }, 1],
    ['no login shell', () => 'restrict,command="/usr/sbin/nologin"', { ...notRsync, ...closed }, 1],
    [
      'no rrsync where it is said to be',
      () => `restrict,command="/opt/rrsync -ro ${served()}"`,
      { login: 'ok', shell: 'ok', listing: 'failed rrsync-missing', ...closed },
      1,
    ],
    [
      'a banner before rrsync',
      () => `restrict,command="printf '\\033[31mWelcome\\n'; rrsync -ro ${served()}"`,
      { ...notRsync, ...closed },
      1,
    ],
    [
      'no key of ours',
      () => '#',
      {
        ...{ identity: 'ok', 'host-key': 'ok', login: 'failed key-refused', listing: 'skipped' },
        ...{ shell: 'skipped', forward: 'skipped', destination: 'ok' },
      },
      1,
    ],
  ])('%s', async (title, line, expected, exitCode) => {
    const at = await backupIn(world, title.replaceAll(' ', '-').toLowerCase())
    await at.offer('a.tar', 'a')
    await lineBefore(line())
    const before = await treeOf(world.source)
    const found = await doctor(at.name)
    expect(states(found.backups[0]!.checks)).toMatchObject(expected)
    expect(found.exitCode).toBe(exitCode)
    expect(await treeOf(world.source)).toEqual(before)
    const text = renderDoctor(found, { color: false, width: 80, quiet: false })
    expect(text).not.toContain('\x1b')
    expect(tooWide(text)).toEqual([])
  })

  test('a shell, for which the path is absolute: not confined, and a warning', async () => {
    const at = await backupIn(world, 'shell')
    await at.declare({ source: { path: at.source } })
    await at.offer('a.tar', 'a')
    await lineBefore('restrict')
    const { backups, exitCode } = await doctor('shell')
    const { checks } = backups[0]!
    expect(states(checks)).toMatchObject({ listing: 'ok', shell: 'warning', ...closed, clock: 'ok' })
    expect(checks.find(({ code }) => code === 'shell')?.message).toMatch(/^this account is not confined: /)
    expect(exitCode).toBe(0)
  })
})

describe('keys and host keys', () => {
  const at = async (name: string, source: Record<string, unknown>) => {
    await backupIn(world, name, { source })
    return statesOf(name)
  }
  const file = async (name: string, text: string) => {
    await writeFile(join(world.folder, name), text, { mode: 0o600 })
    return join(world.folder, name)
  }
  /** The pinned line, under another name. */
  const pinned = async (name: string, host: string) =>
    file(name, (await readFile(world.sshd!.knownHosts, 'utf8')).replace(/^\S+/, host))
  const stopped = { login: 'skipped', listing: 'skipped', shell: 'skipped', destination: 'ok' }

  test('another host key than the pinned one', async () => {
    const other = (await readFile(join(world.folder, 'keys/user_key.pub'), 'utf8')).trim()
    const knownHosts = await file('other_hosts', `[127.0.0.1]:${world.sshd!.port} ${other}\n`)
    expect(await at('other-host', { knownHosts })).toMatchObject({
      'host-key': 'failed host-key-changed',
      ...stopped,
    })
  })

  test('none for this host: nobody logs in', async () => {
    const knownHosts = await pinned('no_hosts', 'elsewhere.example.net')
    expect(await at('unpinned', { knownHosts })).toMatchObject({
      'host-key': 'failed host-key-unknown',
      ...stopped,
    })
  })

  test('a line without the port, and hashed names, are taken as ssh takes them', async () => {
    const bare = await pinned('bare_hosts', '127.0.0.1')
    expect(await at('bare', { knownHosts: bare })).toMatchObject({ 'host-key': 'ok', login: 'ok' })
    const hashed = await pinned('hashed_hosts', `[127.0.0.1]:${world.sshd!.port}`)
    await execa('ssh-keygen', ['-H', '-f', hashed])
    expect(await at('hashed', { knownHosts: hashed })).toMatchObject({ 'host-key': 'ok', login: 'ok' })
  })

  test('what is no private key, is not there, or is open to others', async () => {
    const key = await readFile(world.sshd!.identity, 'utf8')
    const open = await file('open_key', key)
    await chmod(open, 0o644)
    expect(await at('open', { identity: open })).toMatchObject({
      identity: 'failed identity-too-open',
      ...stopped,
    })
    const half = `${world.sshd!.identity}.pub`
    expect(await at('half', { identity: half })).toMatchObject({ identity: 'failed identity-no-key' })
    expect(await at('gone', { identity: '/no/key' })).toMatchObject({ identity: 'failed identity-missing' })
    expect(await at('no-hosts', { knownHosts: '/no/hosts' })).toMatchObject({
      ...{ identity: 'ok', 'known-hosts': 'failed known-hosts-missing', 'host-key': 'skipped' },
      ...stopped,
    })
    const folder = join(world.folder, 'anybody')
    await mkdir(folder)
    await chmod(folder, 0o777)
    await writeFile(join(folder, 'key'), key, { mode: 0o600 })
    expect(await at('anybody', { identity: join(folder, 'key') })).toMatchObject({
      'key-rights': 'warning',
      login: 'ok',
    })
  })

  test('nobody is there', async () => {
    const knownHosts = await pinned('hosts1', '[127.0.0.1]:1')
    expect(await at('refused', { port: 1, knownHosts })).toMatchObject({
      ...{ 'host-key': 'ok', login: 'failed connection-refused', listing: 'skipped', destination: 'ok' },
    })
    // Nor is a host key to be had: that nobody answers comes first.
    const none = await pinned('hosts0', 'elsewhere.example.net')
    const found = async (name: string, source: Record<string, unknown>) =>
      Object.entries(await at(name, source))
        .filter(([, state]) => state.startsWith('failed'))
        .map(([code, state]) => `${code} ${state.slice(7)}`)
    const key = 'host-key host-key-unknown'
    expect(await found('shut', { port: 1, knownHosts: none })).toEqual(['login connection-refused', key])
    expect(await found('nameless', { host: 'no.such.invalid', knownHosts: none })).toEqual([
      'login host-unresolvable',
      key,
    ])
    expect(await found('gate', { jump: ['me@127.0.0.1:1'], knownHosts: none })).toEqual([
      'login connection-refused',
      key,
    ])
    expect(await found('no-file', { port: 1, knownHosts: '/no/hosts', identity: '/no/key' })).toEqual([
      'login connection-refused',
      'identity identity-missing',
      'known-hosts known-hosts-missing',
    ])
    const deaf = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
    const { port } = deaf.address() as AddressInfo
    expect(await found('reset', { port, knownHosts: none })).toEqual(['login connection-lost', key])
    deaf.close()
  })
})

describe('what the source shows', () => {
  const showIn =
    (there: () => World) =>
    async (
      name: string,
      over: Record<string, unknown>,
      ...offer: ((at: Backup) => Promise<unknown>)[]
    ): Promise<Record<string, string>> => {
      const at = await backupIn(there(), name, over)
      for (const each of offer) await each(at)
      return statesOf(name, there())
    }
  const show = showIn(() => near)
  const showFar = showIn(() => world)
  const broken = (at: Backup) => at.offer('b.tar', 'b', { marker: 'no digest at all' })

  test('markers: none, a broken one, one of them broken', async () => {
    expect(await show('none', {}, (at) => at.put('a.tar', 'a'))).toMatchObject({
      listing: 'ok',
      claims: 'failed',
    })
    expect((await show('broken', {}, broken))['claims']).toMatch(/^failed marker-/)
    expect((await show('some', {}, (at) => at.offer('a.tar', 'a'), broken))['claims']).toMatch(
      /^warning marker-/,
    )
  })

  test('symlinks under selected names, of which a pass warns too', async () => {
    const linked = (at: Backup) => symlink('a.tar', join(at.source, 'latest.tar'))
    const data = (at: Backup) => at.offer('a.tar', 'a')
    expect(await show('linked', {}, data, linked)).toMatchObject({ listing: 'ok', symlinks: 'warning' })
    const exclude = { select: { exclude: ['latest.tar'] } }
    expect(await show('unlinked', exclude, data, linked)).not.toHaveProperty('symlinks')
  })

  test('sums and quiet', async () => {
    const sums = { finished: { sums: 'MD5SUMS' } }
    const data = (at: Backup) => at.put('a.tar', 'a')
    const list = (at: Backup) => at.put('MD5SUMS', `${digestOf('md5', 'a')}  a.tar\n`)
    expect(await show('sums', sums, data, list)).toMatchObject({ claims: 'ok' })
    expect(await show('no-sums', sums, data)).toMatchObject({ claims: 'failed' })
    expect(await show('quiet', { finished: { quiet: '30m' } }, data)).toMatchObject({ claims: 'ok' })
  })

  test('nothing yet, no such folder, a file dated ahead, no list file', async () => {
    expect(await showFar('empty', {})).toMatchObject({ listing: 'warning', claims: 'skipped', write: 'ok' })
    expect(await showFar('nowhere', { source: { path: 'nowhere/at-all' } })).toMatchObject({
      ...{ listing: 'failed path-missing', claims: 'skipped', write: 'skipped', outside: 'skipped' },
    })
    const ahead = { mtime: Math.floor(Date.now() / 1000) + 7200 }
    expect(await showFar('ahead', {}, (at) => at.offer('a.tar', 'a', ahead))).toMatchObject({
      clock: 'warning',
    })
    const listed = await show('list', { source: { listing: 'LIST' } }, (at) => at.offer('a.tar', 'a'))
    expect(listed['claims']).toMatch(/^failed list-missing/)
  })
})

test('backups of one account ask it once', async () => {
  for (const name of ['one', 'two']) await (await backupIn(world, name)).offer('a.tar', 'a')
  const count = async (...names: string[]) => {
    const before = world.sshd!.countSessions()
    await doctor(...names)
    return world.sshd!.countSessions() - before
  }
  // A login, a forward, a write and a look outside; for each backup one that lists it and reads its markers.
  expect([await count('one'), await count('one', 'two')]).toEqual([5, 6])
})

describe('destinations', () => {
  const at = async (name: string, destination: Record<string, unknown>) => {
    const made = await backupIn(near, name, { destination })
    await made.offer('a.tar', 'a')
    return statesOf(name, near)
  }

  test('a file is in the way, a mount is absent, a disk is not encrypted, room is short', async () => {
    await writeFile(join(near.folder, 'file'), '')
    expect(await at('in-the-way', { path: join(near.folder, 'file/x') })).toMatchObject({
      destination: 'failed disk-path',
    })
    expect(await at('unmounted', { mount: near.folder })).toMatchObject({
      ...{ listing: 'ok', mount: 'failed not-mounted', destination: 'skipped' },
      ...{ space: 'skipped', inodes: 'skipped', links: 'skipped', names: 'skipped' },
    })
    expect(await at('bare', { encrypted: 'required' })).toMatchObject({ encrypted: 'failed not-encrypted' })
    expect(await at('tight', { minFree: '8000TiB' })).toMatchObject({ space: 'failed min-free' })
  })

  test.skipIf(!canMount())('a disk that is read-only, without inodes, mounted', async () => {
    const disk = smallDisk('4m,nr_inodes=2')
    const path = join(disk.path, 'offsite')
    expect(await at('mounted', { path, mount: disk.path })).toMatchObject({
      ...{ mount: 'ok', destination: 'ok', space: 'ok', inodes: 'warning disk-full' },
    })
    await mkdir(path)
    disk.makeReadOnly()
    expect(await at('mounted-ro', { path: join(disk.path, 'other'), mount: disk.path })).toMatchObject({
      ...{ destination: 'failed disk-read-only', inodes: 'failed disk-full' },
    })
  })

  test.skipIf(!canMount())('a disk that is full', async () => {
    const disk = smallDisk('6m')
    const path = join(disk.path, 'offsite')
    const full = await backupIn(near, 'full', { destination: { path, mount: disk.path } })
    await full.offer('a.tar', 'a')
    await full.pass()
    await writeFile(join(disk.path, 'junk'), Buffer.alloc(8 << 20)).catch(() => {})
    expect(await statesOf('full', near)).toMatchObject({
      ...{ mount: 'ok', destination: 'ok', ledger: 'ok', space: 'failed min-free' },
    })
  })

  test('its ledger is damaged, it is another disk, it is in use', async () => {
    const own = await backupIn(near, 'own')
    await own.offer('a.tar', 'a')
    await own.pass()
    const files = layout(own.destination)
    const lock = await takeLock(files.lock, 0, new AbortController().signal)
    expect(await statesOf('own', near)).toMatchObject({ ledger: 'ok', links: 'skipped', names: 'skipped' })
    if (lock.state === 'locked') lock.close()
    const ledger = await readFile(files.ledger, 'utf8')
    await writeFile(files.ledger, ledger.replace('a.tar', 'b.tar'))
    expect(await statesOf('own', near)).toMatchObject({ ledger: 'failed ledger-damaged' })
    await writeFile(files.ledger, ledger)
    await rm(join(near.state, 'destinations.json'))
    expect(await statesOf('own', near)).toMatchObject({
      'disk-identity': 'failed destination-unknown',
      links: 'skipped',
    })
  })
})

describe('the command', () => {
  test('no spec is 1, a faulty one 3, an unknown name 64, as is a name beside --rebuild-ledger', async () => {
    const local = await makeWorld('local', { calls: 'here' })
    onTestFinished(() => local.end())
    expect((await local.run('doctor')).code).toBe(1)
    await local.declare('pg')
    await local.offer('a.tar', 'a')
    const { stdout } = await local.run('doctor', '--json')
    expect(states((JSON.parse(stdout) as DoctorReport).backups[0]!.checks)).toEqual({
      ...{ listing: 'ok', claims: 'ok', destination: 'ok', space: 'ok', inodes: 'ok' },
      ...{ links: 'skipped', names: 'skipped' },
    })
    expect((await local.run('doctor')).stdout).toMatch(/^All is well with 1 backup and this box\.\n/)
    expect((await local.run('doctor', '-q')).stdout).toBe('')
    expect((await local.run('doctor', 'px')).code).toBe(64)
    expect((await local.run('doctor', 'pg', '--rebuild-ledger', 'pg')).code).toBe(64)
    await rm(local.source, { recursive: true })
    expect((await local.run('doctor')).stdout).toMatch(/^1 of 1 needs you: pg \(listing\)\.\n/)
    await writeFile(join(local.specs, 'bad.yaml'), 'version: 1\n')
    const faulty = await local.run('doctor')
    expect([faulty.code, faulty.stderr]).toEqual([3, expect.stringContaining('bad.yaml')])
  })

  test('the verdict comes first, and one cause is shown once with all its backups', async () => {
    const names = ['x-one', 'x-two']
    for (const name of names) await (await backupIn(world, name)).offer('a.tar', 'a')
    await lineBefore('#')
    const { stdout, code } = await world.run('doctor', ...names)
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^2 of 2 need you: x-one \(login\), x-two \(login\)\.\n\nfailed login: x-one, x-two\n/,
    )
    expect(stdout.match(/refused our\s+key/g)).toHaveLength(1)
    expect(tooWide(stdout)).toEqual([])
  })

  test('without rsync in PATH the sources are left alone', async () => {
    const bin = join(world.folder, 'bin')
    await mkdir(bin)
    for (const tool of ['flock', 'setpriv', 'prlimit', 'sync', 'mv', 'stat', 'ssh', 'ssh-keygen', 'findmnt'])
      await symlink(await realpath((await execa('which', [tool])).stdout), join(bin, tool))
    const at = await backupIn(world, 'no-rsync')
    await at.offer('a.tar', 'a')
    const sessions = world.sshd!.countSessions()
    const { stdout, stderr, exitCode } = await world.start(['doctor', at.name, '--json'], {
      env: { PATH: bin },
    })
    const { box, backups } = JSON.parse(String(stdout)) as DoctorReport
    expect(states(box)).toMatchObject({ tools: 'ok', rsync: 'failed missing-tool', ssh: 'ok' })
    expect(states(backups[0]!.checks)).toMatchObject({ identity: 'ok', login: 'skipped', destination: 'ok' })
    expect([exitCode, stderr, world.sshd!.countSessions() - sessions]).toEqual([1, '', 0])
  })

  test('files of URLs that cannot be read', async () => {
    const config = join(near.folder, 'config.yaml')
    const [notify, beat] = [
      'notify: [{ kind: webhook, urlFile: /no/url }]',
      'heartbeat: { urlFile: /no/beat }',
    ]
    await writeFile(config, `${notify}\n${beat}\n`)
    await backupIn(near, 'urls')
    const { box } = await doctorIn(near, 'urls', '--config', config)
    expect(box.flatMap(({ code, state }) => (code === 'notify' ? state : []))).toEqual(['failed', 'failed'])
  })
})
