import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseMarker } from '../../src/model/parse-marker.ts'
import { callHere } from '../helpers/call-here.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reconcile-starting-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const run = (...words: string[]) => callHere(folder, words, { NO_COLOR: '1' })

describe('reconcile init', () => {
  const names = ['specs/_defaults.yaml', 'specs/example.yaml', 'config.yaml']

  test('writes what validate accepts and a pass leaves alone', async () => {
    const { code, stdout } = await run('init', '--specs', 'specs')
    expect(code).toBe(0)
    for (const name of names) expect(stdout).toContain(`wrote ${join(folder, name)}`)
    const next = stdout.split('\n').at(-1)!.trim().split(' ').slice(1)
    expect(await run(...next)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('no fault: example'),
    })
    const pass = await run('--config', 'config.yaml', '--state', join(folder, 'state'))
    expect(pass).toMatchObject({ code: 0, stdout: expect.stringContaining('1 suspended') })
  })

  test('every key that it shows in a comment is sound', async () => {
    await run('init', '--specs', 'specs')
    for (const name of names) {
      const file = join(folder, name)
      writeFileSync(file, readFileSync(file, 'utf8').replace(/^( *)# (?=\w+: \S)(?!All )/gm, '$1'))
    }
    const { stdout } = await run('validate', '--config', 'config.yaml', '--json')
    const { diagnostics } = JSON.parse(stdout)
    expect(diagnostics.filter((one: { severity: string }) => one.severity === 'error')).toEqual([])
    const { stdout: effective } = await run('validate', '--config', 'config.yaml', '--effective', 'example')
    expect(effective).toContain('quiet: 30m')
  })

  test('replaces nothing, and says so', async () => {
    mkdirSync(join(folder, 'specs'))
    for (const name of names) writeFileSync(join(folder, name), '# mine\n')
    const { code, stdout } = await run('init', '--specs', 'specs')
    expect(code).toBe(0)
    for (const name of names) {
      expect(stdout).toContain(`left as it is: ${join(folder, name)}`)
      expect(readFileSync(join(folder, name), 'utf8')).toBe('# mine\n')
    }
  })

  test('writes no example beside specs, and takes neither a file for a folder nor --git', async () => {
    mkdirSync(join(folder, 'specs'))
    writeFileSync(join(folder, 'specs/mine.yaml'), '')
    await run('init', '--specs', 'specs')
    expect(readdirSync(join(folder, 'specs'))).toEqual(['_defaults.yaml', 'mine.yaml'])
    const onFile = await run('init', '--specs', 'config.yaml')
    expect(onFile).toMatchObject({ code: 64, stderr: expect.stringContaining('cannot write') })
    // Node's own way to make folders never returns there.
    expect(await run('init', '--specs', '/proc/none/specs')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('/proc/none'),
    })
    expect((await run('init', '--git', '/srv/x')).code).toBe(64)
  })

  test('where it is not told, config.yaml is where every command looks', async () => {
    if (process.getuid!() === 0) return
    const { stdout } = await callHere(folder, ['init'], { XDG_CONFIG_HOME: join(folder, 'xdg') })
    expect(stdout).toContain(`wrote ${join(folder, 'xdg/reconcile/config.yaml')}`)
    expect(stdout).toMatch(/\n {2}reconcile validate$/)
  })
})

const script = resolve(import.meta.dirname, '../../packaging/source/mark-finished')
const shells = [['dash'], ['bash', '--posix'], ['busybox', 'sh']].filter(
  ([name]) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name!]).status === 0,
)

describe.each(shells)('the script for sources, in %s', (...shell) => {
  const HOUR_AGO = Date.now() / 1000 - 3600
  const path = (name: string) => join(folder, name)
  function put(name: string, text: string, mtime = HOUR_AGO) {
    writeFileSync(path(name), text)
    utimesSync(path(name), mtime, mtime)
  }
  function mark(words: readonly string[] = [folder], env: Record<string, string> = {}) {
    const [command, ...args] = [...shell, script, ...words]
    const ended = spawnSync(command!, args, { encoding: 'utf8', env: { ...process.env, ...env } })
    return { code: ended.status, said: ended.stdout + ended.stderr }
  }

  test('marks quiet files of any name, as md5sum -c and we read them', () => {
    const odd = ['a b.tar', '-x.tar', 'back\\slash.tar', 'two\nlines.tar', '*.tar', "it's $(x).tar", 'ø.tar']
    mkdirSync(path('-sub dir'))
    for (const name of odd) put(name, name)
    for (const name of odd) put(`-sub dir/${name}`, `${name} below`)
    expect(mark()).toEqual({ code: 0, said: '' })
    for (const within of ['', '-sub dir']) {
      for (const name of odd) {
        const marker = readFileSync(path(join(within, `${name}.md5`)))
        expect(parseMarker(marker, name, 'md5'), name).toHaveProperty('digest')
        execFileSync('md5sum', ['-c', '--status', `./${name}.md5`], { cwd: path(within) })
      }
    }
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([])
  })

  test('leaves alone what is no finished data', () => {
    const skip = ['.hidden', 'a.tmp', 'b.part', 'c~', 'd.sha1', 'MD5SUMS', 'LIST', 'e.log']
    for (const name of skip) put(name, name)
    put('own.tar', 'own')
    put('own.tar.MD5', 'own marker')
    put('growing.tar', 'half', Date.now() / 1000)
    symlinkSync('own.tar', path('link.tar'))
    mkdirSync(path('.reconcile'))
    put('.reconcile/x', 'x')
    mkdirSync(path('below'))
    put('below/x', 'x')
    const before = readdirSync(folder)
    expect(mark(['-f', '-x', 'e.*', folder])).toEqual({ code: 0, said: '' })
    expect(readdirSync(folder).filter((name) => !before.includes(name))).toEqual(['LIST.md5'])
    expect([...readdirSync(path('below')), ...readdirSync(path('.reconcile'))]).toEqual(['x', 'x'])
  })

  test('a marker older than its file is renewed, a newer one is not touched', () => {
    put('a.tar', 'new')
    put('a.tar.md5', 'old\n', HOUR_AGO - 60)
    put('b.tar', 'b')
    put('b.tar.md5', 'kept\n')
    expect(mark(['-v', folder]).said).toBe(`${path('a.tar')}\n`)
    expect(readFileSync(path('a.tar.md5'), 'utf8')).toMatch(/^[0-9a-f]{32} {2}a\.tar\n$/)
    expect(readFileSync(path('b.tar.md5'), 'utf8')).toBe('kept\n')
  })

  test('a file that changes while it is read gets no marker, nor one without a digest; a folder in its place is reported', () => {
    put('a.tar', 'a')
    mkdirSync(path('bin'))
    writeFileSync(
      path('bin/md5sum'),
      `#!/bin/sh\necho more >> '${path('a.tar')}'\necho 'd41d8cd98f00b204e9800998ecf8427e  -'\n`,
    )
    chmodSync(path('bin/md5sum'), 0o755)
    const env = { PATH: `${path('bin')}:${process.env['PATH']}` }
    expect(mark(['-f', folder], env)).toEqual({ code: 0, said: '' })
    expect(existsSync(path('a.tar.md5'))).toBe(false)
    put('a.tar', 'a')
    writeFileSync(path('bin/md5sum'), '#!/bin/sh\n')
    expect(mark(['-f', folder], env)).toMatchObject({ code: 1, said: expect.stringContaining('no digest') })
    mkdirSync(path('a.tar.md5'))
    utimesSync(path('a.tar.md5'), 1e9, 1e9)
    expect(mark()).toMatchObject({ code: 1, said: expect.stringContaining('is a folder') })
  })

  test('wrong usage is 64', () => {
    for (const words of [[], ['-m', '1h', folder], ['-a', 'crc', folder], ['-q', folder]])
      expect(mark(words).code, words.join(' ')).toBe(64)
    expect(mark([path('missing')]).code).toBe(1)
  })
})
