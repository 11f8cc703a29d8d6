import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fingerprintSpecs, SPEC_FILE } from '../../src/specs/folder-files.ts'
import { type FolderWatch, watchFolder } from '../../src/watch/watch-folder.ts'
import { handClock } from '../helpers/hand-clock.js'

const exec = promisify(execFile)
const MINUTE = 60_000

let root: string
let specs: string
let open: FolderWatch[]
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'watch-folder-'))
  specs = join(root, 'backups.d')
  await mkdir(specs)
  await writeFile(join(specs, 'a.yaml'), 'one')
  open = []
})
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()))
  await rm(root, { recursive: true, force: true })
})

/** Followed by a clock that is moved by hand; `deaf`: no event ever comes, as over NFS. */
async function follow(folder = specs, { deaf = false } = {}) {
  const clock = handClock()
  const causes: string[] = []
  const troubles: string[] = []
  let reads = 0
  let last = ''
  let obeyed: string | null = await fingerprintSpecs(folder)
  const watching = watchFolder(folder, {
    clock,
    obeyed: () => obeyed,
    signal: new AbortController().signal,
    names: deaf ? /^never$/ : SPEC_FILE,
    async read() {
      reads++
      last = await fingerprintSpecs(folder)
      return last
    },
    onChange(cause) {
      causes.push(cause)
      obeyed = last
    },
    onTrouble: (message) => void troubles.push(message),
  })
  open.push(watching)
  await watching.ready
  return {
    clock,
    causes,
    troubles,
    watching,
    /** What another look went by. */
    obey(fingerprint: string) {
      obeyed = fingerprint
    },
    /** Events take a moment of real time, and the second of standing still is the clock's. */
    async seen(times = 1) {
      while (causes.length < times) {
        await clock.advance(100)
        await new Promise((done) => setTimeout(done, 2))
      }
      expect(causes).toHaveLength(times)
    },
    /** Lets minutes pass. Tells how often the folder was read meanwhile. */
    async rest(minutes = 3) {
      const before = reads
      for (let i = 0; i < minutes * 60; i++) {
        await clock.advance(1_000)
        await new Promise((done) => setTimeout(done, 1))
      }
      return reads - before
    },
  }
}

const spec = (name: string, text: string, folder = specs) => writeFile(join(folder, name), text)

describe('a change is told once, when it stands still', () => {
  test('a file that is written, one that is new, one that goes', async () => {
    const at = await follow()
    await spec('a.yaml', 'two')
    await at.seen(1)
    await spec('b.yml', 'one')
    await at.seen(2)
    await unlink(join(specs, 'a.yaml'))
    await at.seen(3)
    expect(at.causes).toEqual(['event', 'event', 'event'])
  })

  test('an editor that writes beside it and renames', async () => {
    const at = await follow()
    await spec('.a.yaml.swp', 'x')
    await spec('4913', '')
    await unlink(join(specs, '4913'))
    await spec('a.yaml~', 'two')
    await rename(join(specs, 'a.yaml~'), join(specs, 'a.yaml'))
    await at.seen(1)
    await rename(join(specs, 'a.yaml'), join(specs, 'a.yaml~'))
    await spec('a.yaml', 'three')
    await unlink(join(specs, '.a.yaml.swp'))
    await at.seen(2)
  })

  test('a file that is written in pieces is taken when the last one is there', async () => {
    const at = await follow()
    const taken: string[] = []
    for (const text of ['half', 'half a', 'half a file']) {
      await spec('a.yaml', text)
      taken.push(text)
      await at.clock.advance(900)
      await new Promise((done) => setTimeout(done, 30))
      await at.clock.advance(50)
    }
    await at.seen(1)
    await at.rest()
    expect(at.causes).toHaveLength(1)
  })
})

describe('whoever looks', () => {
  test('sees nothing that stood for less than a second', async () => {
    const at = await follow()
    await at.clock.advance(2 * MINUTE)
    const before = await fingerprintSpecs(specs)
    await rename(join(specs, 'a.yaml'), join(root, 'aside'))
    const seen = at.watching.settled()
    await at.clock.advance(500)
    await rename(join(root, 'aside'), join(specs, 'a.yaml'))
    let found: string | null | undefined
    void seen.then((text) => {
      found = text
    })
    while (found === undefined) {
      await at.clock.advance(100)
      await new Promise((done) => setTimeout(done, 2))
    }
    expect(found).toBe(before)
  })

  test('and went by another state than the one that stands there: it is looked at again', async () => {
    const at = await follow(specs, { deaf: true })
    await at.clock.advance(2 * MINUTE)
    at.obey('a state of half a second')
    await at.seen(1)
    await at.rest()
    expect(at.causes).toEqual(['resync'])
  })

  test('a watch that ends keeps nobody waiting', async () => {
    const at = await follow()
    await spec('a.yaml', 'two')
    const seen = at.watching.settled()
    await at.watching.close()
    expect(await seen).toBeNull()
  })
})

describe('nothing is told of what changes nothing', () => {
  test('a touch, an editor file, a dotfile, the same words again', async () => {
    const at = await follow()
    await utimes(join(specs, 'a.yaml'), new Date(), new Date())
    await spec('.a.yaml.swp', 'x')
    await spec('#a.yaml#', 'x')
    await spec('README.md', 'x')
    await spec('a.yaml', 'one')
    expect(await at.rest()).toBeGreaterThan(1)
    expect(at.causes).toEqual([])
  })

  test('an event that lies', async () => {
    const at = await follow()
    for (const one of open) one.look()
    expect(await at.rest()).toBeGreaterThan(1)
    expect(at.causes).toEqual([])
  })
})

test('where no event comes, as over NFS, it is found within a minute', async () => {
  const at = await follow(specs, { deaf: true })
  await spec('a.yaml', 'two')
  await at.clock.advance(MINUTE - 1000)
  expect(at.causes).toEqual([])
  await at.seen(1)
  expect(at.causes).toEqual(['resync'])
})

describe('a folder that is another one than before is watched on', () => {
  /** That events come again, and not the minute's look alone. */
  async function hears(at: Awaited<ReturnType<typeof follow>>, folder = specs) {
    const before = at.causes.length
    await spec('later.yaml', String(before), folder)
    await at.seen(before + 1)
    expect(at.causes.at(-1)).toBe('event')
  }

  test('removed, and back', async () => {
    const at = await follow()
    await rm(specs, { recursive: true })
    await at.seen(1)
    await mkdir(specs)
    await spec('a.yaml', 'two')
    await at.seen(2)
    await hears(at)
  })

  test('replaced by a rename', async () => {
    const at = await follow()
    const next = join(root, 'next')
    await mkdir(next)
    await spec('a.yaml', 'two', next)
    await rename(specs, join(root, 'old'))
    await rename(next, specs)
    await at.seen(1)
    await hears(at)
  })

  test('replaced by one with the same words: nothing is told, and it is watched on', async () => {
    const at = await follow()
    const next = join(root, 'next')
    await mkdir(next)
    await spec('a.yaml', 'one', next)
    await rename(specs, join(root, 'old'))
    await rename(next, specs)
    expect(await at.rest()).toBeGreaterThan(1)
    expect(at.causes).toEqual([])
    await hears(at)
  })

  test('a symlink that is swapped', async () => {
    const two = join(root, 'two')
    await mkdir(two)
    await spec('a.yaml', 'two', two)
    const link = join(root, 'current')
    await symlink(specs, link)
    const at = await follow(link)
    await symlink(two, `${link}.new`)
    await rename(`${link}.new`, link)
    await at.seen(1)
    await hears(at, two)
  })

  test('with a link in it that leads in a circle: the rest is watched, and nothing is said of the folder', async () => {
    await symlink('round.yaml', join(specs, 'round.yaml'))
    const at = await follow()
    await hears(at)
    expect(at.causes).toEqual(['event'])
    expect(at.troubles).toEqual([])
  })

  test('that is not there at first', async () => {
    await rm(specs, { recursive: true })
    const at = await follow()
    await mkdir(specs)
    await spec('a.yaml', 'two')
    await at.seen(1)
    await hears(at)
  })
})

describe('a git work tree', () => {
  const git = (...words: string[]) =>
    exec('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', ...words], { cwd: root })

  beforeEach(async () => {
    await git('init', '-q', '-b', 'main')
    await git('add', '.')
    await git('commit', '-qm', 'one')
  })

  test('a checkout of another commit is one change', async () => {
    await git('checkout', '-qb', 'other')
    for (let i = 0; i < 30; i++) await spec(`b${i}.yaml`, `${i}`)
    await git('add', '.')
    await git('commit', '-qm', 'two')
    await git('checkout', '-q', 'main')
    const at = await follow()
    await git('checkout', '-q', 'other')
    await at.seen(1)
    await git('checkout', '-q', 'main')
    await at.seen(2)
    await at.rest()
    expect(at.causes).toHaveLength(2)
  })

  test('nothing counts while index.lock stands', async () => {
    const at = await follow()
    const lock = join(root, '.git/index.lock')
    await writeFile(lock, '')
    await spec('a.yaml', 'two')
    await at.rest(2)
    expect(at.causes).toEqual([])
    await unlink(lock)
    await at.seen(1)
  })

  test('a lock that git left behind does not hold for ever', async () => {
    const at = await follow()
    await writeFile(join(root, '.git/index.lock'), '')
    await spec('a.yaml', 'two')
    await at.rest(8)
    expect(at.causes).toEqual([])
    await at.seen(1)
    expect(at.troubles).toHaveLength(1)
  })
})
