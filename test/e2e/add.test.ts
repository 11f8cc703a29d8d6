import { appendFile, chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { onTerminal } from '../helpers/terminal.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const CLI = resolve(import.meta.dirname, '../../dist/cli.js')

let world: World
let fingerprint: string
/** An sshd that nobody's key may log in to yet; a box whose `_defaults.yaml` says where keys and pins are. */
beforeEach(async () => {
  world = await makeWorld('ssh', { config: ['ListenAddress ::1'] })
  await writeFile(at('keys/authorized_keys'), '')
  const source = {
    user: world.sshd!.user,
    identity: at('box/keys/{name}'),
    knownHosts: at('box/known_hosts'),
  }
  const defaults = { source, destination: { minFree: '1MiB' } }
  await writeFile(join(world.specs, '_defaults.yaml'), stringify(defaults))
  const shown = await execa('ssh-keygen', ['-lf', at('keys/host_key.pub')])
  fingerprint = shown.stdout.split(' ')[1]!
})
afterEach(() => world.end())

const at = (path: string) => join(world.folder, path)
const address = (path = '') => `127.0.0.1:${world.sshd!.port}:${path}`
const read = (path: string) => readFile(at(path), 'utf8').catch(() => null)
const spec = async () => parse(await readFile(join(world.specs, 'pg.yaml'), 'utf8'))

/** As somebody at the source pastes it. */
async function letIn(options = `restrict,command="rrsync -ro ${world.source}"`) {
  await appendFile(at('keys/authorized_keys'), `${options} ${await read('box/keys/pg.pub')}`)
}

const words = (from: string) => ['add', from, '--to', world.destination, '--name', 'pg'] as const

function onScreen(...typed: readonly string[]) {
  const place = ['--specs', world.specs, '--state', world.state]
  return onTerminal([process.execPath, CLI, ...place, ...typed], {
    cwd: world.folder,
    env: { NO_COLOR: '1', XDG_CONFIG_HOME: at('no-config') },
  })
}

/** Key and pin are there, and the key may log in. */
async function alreadyIn() {
  await world.run(...words(address()), '--yes', '--fingerprint', fingerprint)
  await letIn()
}

describe('a conversation', () => {
  test('goes from nothing to a plan; a key that is refused works once it was pasted', async () => {
    await world.offer('db-2026-11-23.tar', 'hello')
    const screen = onScreen(...words(address(world.source)))
    await screen.until(/\[yes, no/)
    expect(screen.shown()).toContain(fingerprint)
    expect(await read('box/known_hosts')).toBe(null)
    screen.type('what?')
    await screen.until(/\[yes, no/)
    screen.type('yes')
    await screen.until(/Trying every[\s\S]*locked[\s\S]*usermod\s+-p/)
    const shown = screen.shown()
    expect(shown).toContain(
      `\nrestrict,command="rrsync -ro ${world.source}" ${await read('box/keys/pg.pub')}`,
    )
    await letIn()
    await screen.until(/Write it\? /)
    screen.type('')
    expect(await screen.ended).toBe(0)
    expect(screen.shown()).toMatch(/ \+ pull +db-2026-11-23\.tar/)
    expect(screen.shown()).toMatch(/Next, the first pass:\n {2}reconcile --specs \S+ --state \S+ pg\n/)
    expect(await spec()).toMatchObject({ source: { host: '127.0.0.1', port: world.sshd!.port, path: '.' } })
    expect(await read('box/known_hosts')).toMatch(/^\[127\.0\.0\.1\]:\d+ ssh-ed25519 \S+\n$/)
    expect((await stat(at('box/keys/pg'))).mode & 0o777).toBe(0o600)
    const shownLines = screen.shown().split('\n')
    expect(shownLines.filter((line) => line.length > 80 && !/ssh-ed25519 |--specs/.test(line))).toEqual([])
  })

  test('no to the host key ends it with nothing pinned, a pasted fingerprint is as good as yes', async () => {
    const no = onScreen(...words(address()))
    await no.until(/\[yes, no/)
    no.type('no')
    expect(await no.ended).toBe(1)
    expect(await read('box/known_hosts')).toBe(null)
    const pasted = onScreen(...words(address()))
    await pasted.until(/\[yes, no/)
    pasted.type(`SHA256:${'A'.repeat(43)}`)
    await pasted.until(/None of the keys.*\n.*\[yes, no/s)
    pasted.type(`256 ${fingerprint} root@db1 (ED25519)`)
    await pasted.until(/Trying every/)
    pasted.type('\u0003')
    expect(await pasted.ended).toBe(130)
  })

  test('no to writing leaves no spec', async () => {
    await alreadyIn()
    const screen = onScreen(...words(address()))
    for (const answer of ['nein', '?', 'n']) {
      await screen.until(/\? \[Y\/n\] /)
      screen.type(answer)
    }
    expect(await screen.ended).toBe(0)
    expect(await readdir(world.specs)).toEqual(['_defaults.yaml'])
    const ended = onScreen(...words(address()))
    await ended.until(/\? \[Y\/n\] /)
    ended.press('\u0004')
    expect(await ended.ended).toBe(64)
    expect(ended.shown()).toMatch(/\[Y\/n\] \nreconcile: the input ended/)
  })

  test('a folder that is not there can be made while it asks', async () => {
    await alreadyIn()
    await rm(world.source, { recursive: true })
    const screen = onScreen(...words(address()))
    await screen.until(/Try again\? \[Y\/n\] /)
    expect(screen.shown()).toContain('does not exist')
    await mkdir(world.source)
    screen.type('')
    await screen.until(/Write it\?/)
    screen.type('y')
    await screen.ended
    expect(await spec()).toHaveProperty('version', 1)
  })
})

describe('a script', () => {
  const script = (from: string, ...more: string[]) => world.run(...words(from), '--yes', ...more)

  test('prints what to paste until the key may log in, then writes the spec and goes on from there', async () => {
    await world.offer('db-2026-11-23.tar', 'hello')
    const before = await script(address(), '--fingerprint', fingerprint)
    expect(before).toMatchObject({ code: 1, stderr: expect.stringContaining('--wait 10m') })
    const key = await read('box/keys/pg')
    await letIn()
    const after = await script(address())
    expect(after.code, after.stderr).toBe(0)
    expect(after.stdout).toContain('1 to pull')
    expect(await read('box/keys/pg')).toBe(key)
    expect((await read('box/known_hosts'))?.match(/\n/g)).toHaveLength(1)
    expect(await world.run('pg')).toMatchObject({ code: 0 })
    expect([...(await world.published()).keys()]).toEqual(['db-2026-11-23.tar', 'db-2026-11-23.tar.md5'])
    const text = await readFile(join(world.specs, 'pg.yaml'), 'utf8')
    const again = await script(address())
    expect(again).toMatchObject({ code: 64, stderr: expect.stringContaining('pg already') })
    expect(await readFile(join(world.specs, 'pg.yaml'), 'utf8')).toBe(text)
  })

  test('--wait goes on trying until the key may log in', async () => {
    const options = ['--yes', '--fingerprint', fingerprint, '--wait', '10m']
    const running = world.start([...words(address()), ...options])
    let said = ''
    const isPrinted = new Promise<void>((resolve) => {
      running.stderr.on('data', (chunk) => {
        said += chunk
        if (said.includes('Trying every')) resolve()
      })
    })
    await isPrinted
    await letIn()
    await running
    expect(said).toContain('works.')
    expect(await spec()).toHaveProperty('version', 1)
  })

  test('another fingerprint pins nothing, --yes alone accepts no unknown key', async () => {
    const other = await script(address(), '--fingerprint', `SHA256:${'A'.repeat(43)}`)
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing was pinned') })
    const none = await script(address())
    expect(none).toMatchObject({ code: 64, stderr: expect.stringContaining('--fingerprint SHA256:…') })
    expect(none.stderr).toContain(fingerprint)
    expect(await read('box/known_hosts')).toBe(null)
    await script(address(), '--fingerprint', fingerprint)
    const pins = await read('box/known_hosts')
    const late = await script(address(), '--fingerprint', `SHA256:${'A'.repeat(43)}`)
    expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining('No host key') })
    expect(await read('box/known_hosts')).toBe(pins)
    const md5 = await script(address(), '--fingerprint', 'MD5:00:11')
    expect(md5).toMatchObject({ code: 64, stderr: expect.stringContaining('is no SHA256 fingerprint') })
  })

  test('a machine that is pinned with another key is refused', async () => {
    const port = world.sshd!.port
    const blob = 'AAAAC3NzaC1lZDI1NTE5AAAAIHBkAAAA9M8xCO6juGeU4MF7DVeOGMAPTNJVjo1X3enE'
    const pins = `# mine\n[127.0.0.1]:${port} ssh-ed25519 ${blob}\n`
    await mkdir(at('box'))
    await writeFile(at('box/known_hosts'), pins)
    const ended = await script(address(), '--fingerprint', fingerprint)
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/another host key[\s\S]*intercept/),
    })
    expect(await read('box/known_hosts')).toBe(pins)
  })

  test('without a terminal and without --yes it says what to pass, and does nothing', async () => {
    const ended = await world.run(...words(address()))
    expect(ended).toMatchObject({ code: 64, stderr: expect.stringMatching(/--yes[\s\S]*--fingerprint/) })
    expect(await readdir(world.specs)).toEqual(['_defaults.yaml'])
    expect(await read('box/keys/pg')).toBe(null)
  })

  test('what keeps the login from working is said once, with the way out', async () => {
    await world.sshd!.stop()
    const port = world.sshd!.port
    const { code, stderr } = await world.run(...words(address()), '--yes', '--wait', '1s')
    expect([code, stderr.match(new RegExp(`refused the connection on port ${port}`, 'g'))?.length]).toEqual([
      1, 1,
    ])
    expect(stderr.replace(/\s+/g, ' ')).toContain('Check the port (source.port)')
    // Once a host key is pinned, the login itself is waited for.
    await writeFile(at('box/known_hosts'), await readFile(at('keys/known_hosts')))
    const later = await world.run(...words(address('nowhere')), '--yes', '--wait', '1s')
    expect(later.stderr.match(/refused the connection/g)).toHaveLength(1)
  })

  test('over IPv6, with --identity, and where a key is there already', async () => {
    await mkdir(at('box/keys'), { recursive: true })
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at('box/keys/pg')])
    await writeFile(at('box/known_hosts'), '# without a line end')
    await letIn()
    const from = `${world.sshd!.user}@[::1]:${world.sshd!.port}:`
    const ended = await script(from, '--fingerprint', fingerprint, '--identity', at('box/keys/pg'))
    expect(ended.stderr).toContain('Key: found')
    expect(await spec()).toMatchObject({ source: { host: '::1', identity: at('box/keys/pg') } })
    expect(await read('box/known_hosts')).toMatch(/^# without a line end\n\[::1\]:\S+ ssh-ed25519 \S+\n$/)
    const missing = await world.run('add', address(), '--to', at('x'), '--yes', '--identity', '/nope')
    expect(missing).toMatchObject({ code: 64, stderr: expect.stringContaining('no such file') })
  })

  test('a key that ssh cannot use is explained, and stays as it is', async () => {
    await mkdir(at('box/keys'), { recursive: true })
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret', '-f', at('box/keys/pg')])
    const key = await read('box/keys/pg')
    const ended = await script(address(), '--fingerprint', fingerprint)
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('has a passphrase') })
    expect(await read('box/keys/pg')).toBe(key)
  })

  test('an absolute path without rrsync; a folder that is not there; a source that is empty', async () => {
    await alreadyIn()
    await writeFile(at('keys/authorized_keys'), '')
    await letIn('restrict')
    const gone = await script(address('/nope/dumps'))
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('/nope/dumps') })
    expect(await readdir(world.specs)).toEqual(['_defaults.yaml'])
    const empty = await script(address(world.source))
    expect(empty.stderr).toContain('No files are there yet')
    expect(await spec()).toMatchObject({ source: { path: world.source } })
  })

  test('a key that may read more than the folder that was named is no key to that folder', async () => {
    await world.offer('dumps/db-2026-11-23.tar', 'hello')
    await world.offer('mail/private.mbox', 'hello')
    await script(address(), '--fingerprint', fingerprint)
    await letIn()
    const whole = await script(address(`${world.source}/dumps`))
    expect(whole).toMatchObject({ code: 64, stderr: expect.stringContaining('a folder that holds dumps') })
    expect(await readdir(world.specs)).toEqual(['_defaults.yaml'])
    expect(await script(address('dumps'))).toMatchObject({ code: 0 })
    expect(await spec()).toMatchObject({ source: { path: 'dumps' } })
  })

  test('a host that is down is explained', async () => {
    await world.sshd!.stop()
    const ended = await script(address(), '--fingerprint', fingerprint)
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('refused the connection on port'),
    })
  })

  test('names that a source makes up move no cursor and get into no spec', async () => {
    await writeFile(join(world.source, 'a\u001b[2J"]: x\n!.tar'), 'x')
    await writeFile(join(world.source, '{{ evil: &a }}.tar'), 'x')
    await writeFile(join(world.source, 'b\u202egpj.md5'), 'x')
    await alreadyIn()
    const ended = await script(address())
    expect(ended.stdout + ended.stderr).not.toMatch(/[\u001b\u202e]/)
    expect(await spec()).toMatchObject({ version: 1, destination: { path: world.destination } })
  })

  test.each([
    ['a dangerous destination', ['--to', '/etc/reconcile-copies'], /which is the\s+system's/],
    ['no name', ['--name', 'Über'], /--name Über is no name/],
    ["a command's word", ['--name', 'status'], /is a command's word/],
    ['no account', ['--specs', 'other'], /names no account/, '127.0.0.1:'],
    ['an rsync daemon', [], /rsync daemon/, 'h::module'],
    ['json', ['--json'], /prints text alone/],
  ])('%s is refused before anything is made', async (_, more, why, from = address()) => {
    const ended = await world.run('add', from, '--to', world.destination, '--yes', ...more)
    expect(ended).toMatchObject({ code: 64, stderr: expect.stringMatching(why) })
    expect(await readdir(world.specs)).toEqual(['_defaults.yaml'])
    expect(await readdir(world.folder)).not.toContain('box')
  })

  test('a folder on this machine needs no key; the folder of specs is made', async () => {
    await world.offer('db-2026-11-23.tar', 'hello')
    const ended = await world.run(
      '--specs',
      at('new/specs'),
      'add',
      './source',
      '--to',
      at('copies'),
      '--yes',
    )
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('1 to pull') })
    expect(parse((await read('new/specs/copies.yaml'))!)).toMatchObject({ source: { path: world.source } })
    const inside = await world.run(
      '--specs',
      at('new/specs'),
      'add',
      './source',
      '--to',
      at('source/copies'),
      '--yes',
      '--name',
      'b',
    )
    expect(inside).toMatchObject({ code: 64, stderr: expect.stringMatching(/its own\s+source/) })
  })

  test('a name of _hosts.yaml brings address, port and user', async () => {
    const nas = { address: '127.0.0.1', port: world.sshd!.port, user: world.sshd!.user }
    await writeFile(join(world.specs, '_hosts.yaml'), stringify({ nas }))
    await script('nas:', '--fingerprint', fingerprint)
    await letIn()
    const ended = await script('nas:')
    expect(ended.stderr).toContain('No files are there yet')
    expect(await spec()).toMatchObject({ source: { host: 'nas' } })
  })

  test.runIf(process.getuid?.() === 0)('what root makes belongs to who owns state', async () => {
    const [uid, gid] = [65_534, 65_534]
    await mkdir(world.state)
    await chown(world.state, uid, gid)
    await rm(world.destination, { recursive: true })
    await script(address(), '--fingerprint', fingerprint)
    for (const path of ['box/keys', 'box/keys/pg', 'box/keys/pg.pub'])
      expect(await stat(at(path)), path).toMatchObject({ uid, gid })
    await letIn()
    const { stdout } = await script(address())
    expect(stdout).toMatch(/\n {2}install -d -o nobody -g nogroup \S+\n {2}runuser -u nobody -- reconcile /)
  })

  test('where specs come from git, the spec is printed for the repository', async () => {
    const repository = at('repository')
    await execa('git', ['init', '-q', repository])
    const git = ['-C', repository, '-c', 'user.name=x', '-c', 'user.email=x@x']
    await execa('git', [...git, 'commit', '-q', '--allow-empty', '-m', 'x'])
    const config = at('box/config.yaml')
    await mkdir(at('box'))
    await writeFile(config, stringify({ git: { url: repository }, state: world.state }))
    const { exitCode, stdout, stderr } = await execa(
      process.execPath,
      [CLI, '--config', config, ...words('./source'), '--yes'],
      { cwd: world.folder, reject: false, env: { XDG_CONFIG_HOME: at('xdg') } },
    )
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toContain('repository as pg.yaml')
    expect(parse(stdout)).toMatchObject({
      source: { path: world.source },
      destination: { path: world.destination },
    })
  })
})

describe('source init', () => {
  const init = (...more: string[]) => world.run('source', 'init', 'pg', '--yes', ...more)
  const declared = (more: object = {}) =>
    world.declare('pg', {
      source: { identity: at('box/keys/pg'), knownHosts: at('box/known_hosts'), ...more },
    })

  test('does the same for a spec that is there, and nothing twice', async () => {
    await declared()
    const before = await init('--fingerprint', fingerprint)
    expect(before).toMatchObject({ code: 1, stderr: expect.stringContaining('rrsync -ro /srv/backups') })
    await letIn()
    const after = await init()
    expect(after).toMatchObject({ code: 0, stdout: expect.stringMatching(/0 files[\s\S]*--dry-run pg/) })
    expect(await init()).toEqual(after)
    expect((await world.run('source', 'init', 'other', '--yes')).code).toBe(64)
  })

  test('goes through a jump host, whose key is confirmed first', async () => {
    const gate = await makeWorld('ssh')
    try {
      await declared({ jump: [`${gate.sshd!.user}@127.0.0.1:${gate.sshd!.port}`] })
      const screen = onScreen('source', 'init', 'pg')
      await screen.until(new RegExp(`port ${gate.sshd!.port}[\\s\\S]*\\[yes, no`))
      screen.type('yes')
      await screen.until(/Trying every/)
      const target = `127.0.0.1:${world.sshd!.port}`
      expect(screen.shown()).toContain(
        `restrict,port-forwarding,permitopen="${target}",command="/bin/false" `,
      )
      const key = await read('box/keys/pg.pub')
      await writeFile(
        join(gate.folder, 'keys/authorized_keys'),
        `restrict,port-forwarding,permitopen="${target}",command="/bin/false" ${key}`,
      )
      await screen.until(new RegExp(`port ${world.sshd!.port}[\\s\\S]*\\[yes, no`))
      expect(screen.shown()).toContain(fingerprint)
      screen.type('yes')
      await letIn()
      expect(await screen.ended, screen.shown()).toBe(0)
      expect((await read('box/known_hosts'))?.match(/\n/g)).toHaveLength(2)
    } finally {
      await gate.end()
    }
  })
})
