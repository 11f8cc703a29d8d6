import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

const PLAIN =
  'sh dirname env mktemp tail sed awk find rm cat echo node npm ssh ssh-keygen flock setpriv prlimit mv sync stat git'
const ALL = `${PLAIN} rsync python3`

/** A clone on a machine that has only the named programs of this one, and the made-up ones. */
function machine(world: { has: string; scripts?: Record<string, string>; set?: boolean }) {
  const folder = mkdtempSync(join(tmpdir(), 'reconcile-set-up-'))
  folders.push(folder)
  const bin = join(folder, 'bin')
  const clone = join(folder, 'clone')
  mkdirSync(bin)
  mkdirSync(join(clone, 'scripts'), { recursive: true })
  for (const name of ['set-up', 'packages-match.js', 'build.js']) {
    cpSync(join(root, 'scripts', name), join(clone, 'scripts', name))
  }
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(join(root, name), join(clone, name))
  }
  for (const name of ['src', 'schemas']) mkdirSync(join(clone, name))
  if (world.set !== false) {
    mkdirSync(join(clone, 'node_modules'))
    cpSync(join(root, 'node_modules/.package-lock.json'), join(clone, 'node_modules/.package-lock.json'))
    mkdirSync(join(clone, 'dist'))
    writeFileSync(join(clone, 'dist/.built'), '')
  }
  const script = (name: string, text: string) => {
    rmSync(join(bin, name), { force: true })
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  // Whoever runs this test, sshd is there and nobody is root, unless the case says otherwise.
  script('sshd', 'exit 0')
  script('id', 'echo 1000')
  for (const name of world.has.split(' ')) symlinkSync(whereIs(name), join(bin, name))
  for (const [name, text] of Object.entries(world.scripts ?? {})) script(name, text)
  const log = join(folder, 'log')
  const run = (...args: string[]) => {
    const { status, stderr, stdout } = spawnSync('/bin/sh', [join(clone, 'scripts/set-up'), ...args], {
      env: { PATH: bin, HOME: folder, BIN: bin, LOG: log, REAL: whereIs('rsync') },
      encoding: 'utf8',
    })
    return { status, stdout, said: stderr, log: existsSync(log) ? readFileSync(log, 'utf8') : '' }
  }
  return { clone, run }
}

function whereIs(name: string): string {
  const found = (process.env['PATH'] ?? '').split(delimiter).find((folder) => existsSync(join(folder, name)))
  if (found === undefined) throw new Error(`${name} is not on the PATH of this test`)
  return join(found, name)
}

const APT =
  'echo "$DEBIAN_FRONTEND $*" >>"$LOG"; case $* in *" install "*rsync*) ln -s "$REAL" "$BIN/rsync";; esac'
const APT_HAS_NOTHING = 'case $* in *update*) ;; *) echo "E: no such package"; exit 100;; esac'

test('where all is there, it does nothing and says nothing', () => {
  expect(machine({ has: ALL }).run()).toEqual({ status: 0, stdout: '', said: '', log: '' })
})

test('without apt-get it says what is missing, and exits with 64', () => {
  const { status, said } = machine({ has: PLAIN }).run()
  expect(said).toContain('missing on this machine: rsync python3')
  expect(said).toContain('Install the packages that hold rsync')
  expect(status).toBe(64)
})

test('without root and sudo it prints the command to type, and exits with 64', () => {
  const { status, said, log } = machine({ has: PLAIN, scripts: { 'apt-get': APT } }).run()
  expect(said).toContain('sudo apt-get install rsync python3')
  expect({ status, log }).toEqual({ status: 64, log: '' })
})

test.each([
  ['root', { id: 'echo 0' }],
  ['a user whose sudo asks nothing', { sudo: '[ "$1" = -n ] || exit 9; shift; exec "$@"' }],
])('as %s it installs what is missing, without a question', (_, scripts) => {
  const { status, said, log } = machine({
    has: `${PLAIN} python3 ln`,
    scripts: { ...scripts, true: 'exit 0', 'apt-get': APT },
  }).run()
  expect(said).toContain('set-up: installing rsync (apt-get)')
  expect(log).toMatch(/^noninteractive .* -y .*update\nnoninteractive .* -y .*install rsync\n$/)
  expect(status).toBe(0)
})

test('a sudo that would ask for a password is not used', () => {
  const { status, said, log } = machine({ has: PLAIN, scripts: { sudo: 'exit 1', 'apt-get': APT } }).run()
  expect({ status, log }).toEqual({ status: 64, log: '' })
  expect(said).not.toContain('installing')
})

test('an apt-get that fails is shown, and exits with 64', () => {
  const { status, said } = machine({
    has: PLAIN,
    scripts: { id: 'echo 0', 'apt-get': APT_HAS_NOTHING },
  }).run()
  expect(said).toContain('E: no such package')
  expect(status).toBe(64)
})

test('what only some tests use is not asked for without --test, and not insisted on with it', () => {
  const { run } = machine({ has: ALL, scripts: { id: 'echo 0', 'apt-get': APT_HAS_NOTHING } })
  expect(run()).toMatchObject({ status: 0, said: '' })
  const withTests = run('--test')
  expect(withTests.said).toContain('no strace to be had here')
  expect(withTests.said).toContain('no rclone to be had here')
  expect(withTests.said).toContain('no restic to be had here')
  expect(withTests.status).toBe(0)
})

test.each([
  ['3.2.4', 64],
  ['3.1.3', 64],
  ['3.2.5', 0],
  ['3.4.1', 0],
  ['v3.5.0', 0],
  ['4.0.0', 0],
  ['unheard-of', 64],
])('rsync %s: exit %i', (version, code) => {
  const scripts = { rsync: `echo "rsync  version ${version}  protocol version 31"` }
  expect(machine({ has: `${PLAIN} python3`, scripts }).run().status).toBe(code)
})

test.each([
  ['no node', {}, 'node and npm are missing'],
  [
    'a node that is too old',
    { node: '[ "$1" = --version ] && echo v18.20.0; exit 1' },
    'Node.js here is v18.20.0',
  ],
])('%s: exit 64, in words', (_, scripts, words) => {
  const { status, said } = machine({ has: ALL.replace(' node', ''), scripts }).run()
  expect(said).toContain(words)
  expect(status).toBe(64)
})

test('node packages are installed anew when the lock asks for others, and when the last install was cut short', () => {
  const npm = { npm: 'echo "npm $*" >>"$LOG"' }
  const has = ALL.replace(' npm', '')
  const other = machine({ has, scripts: npm })
  const lock = join(other.clone, 'package-lock.json')
  writeFileSync(
    lock,
    readFileSync(lock, 'utf8').replace(/("node_modules\/yaml": \{\s*"version": )"[^"]*"/, '$1"0.0.1"'),
  )
  expect(other.run().log).toContain('npm ci')

  const cut = machine({ has, scripts: npm })
  rmSync(join(cut.clone, 'node_modules/.package-lock.json'))
  expect(cut.run().log).toContain('npm ci')
})

test('it builds when a source is newer than the build, and only then', () => {
  const npm = { npm: 'echo "npm $*" >>"$LOG"; : >dist/.built' }
  const { clone, run } = machine({ has: ALL.replace(' npm', ''), scripts: npm })
  expect(run().log).toBe('')
  rmSync(join(clone, 'dist/.built'))
  expect(run().log).toBe('npm run --silent build\n')
  expect(run().log).toBe('npm run --silent build\n')
})

test('an argument it does not know exits with 64', () => {
  expect(machine({ has: ALL }).run('--tests').status).toBe(64)
})
