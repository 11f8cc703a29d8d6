import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isDeaf } from '../../../src/decide/status/over-specs.ts'
import { instant } from '../../../src/model/instant.ts'
import { fetchFailure } from '../../../src/specs/git/fetch-failure.ts'
import { gitPlace } from '../../../src/specs/git/place.ts'
import type { LoadedSpecs } from '../../../src/specs/load-specs.ts'
import { type GitBed, makeGitBed } from '../../helpers/git-bed.ts'
import { spec } from '../spec-folder.ts'

// What git says no to, and what may pass: real repositories, and the words of servers as git hands them on.

let bed: GitBed
beforeEach(async () => {
  bed = await makeGitBed()
})
afterEach(() => bed.end())

const reasons = ({ stale }: LoadedSpecs) => stale?.reasons.map(({ code, message }) => `${code} ${message}`)

const HOUR = 3_600_000

/** Loads over a line that is down: git asks, and nobody answers until its time is over. */
async function loadDown(): Promise<LoadedSpecs> {
  const kept = `${bed.remote}.kept`
  const isThere = await rename(bed.remote, kept).then(
    () => true,
    () => false,
  )
  for (const name of ['objects', 'refs']) await mkdir(join(bed.remote, name), { recursive: true })
  await execa('mkfifo', [join(bed.remote, 'HEAD')])
  const loaded = await bed.load({ limits: { total: 0.1, silence: 60 } })
  await rm(bed.remote, { recursive: true })
  if (isThere) await rename(kept, bed.remote)
  return loaded
}

describe('a definite no', () => {
  test('a branch that is gone: the new default branch is named, and the last good commit goes on', async () => {
    const good = await bed.push({ 'a.yaml': spec() })
    await bed.load()
    const remote = (...words: string[]) => execa('git', [`--git-dir=${bed.remote}`, ...words])
    await remote('branch', '-m', 'main', 'trunk')
    await remote('symbolic-ref', 'HEAD', 'refs/heads/trunk')
    const loaded = await bed.load()
    expect(loaded).toMatchObject({ revision: good, specs: [{}] })
    expect(reasons(loaded)).toEqual([
      expect.stringMatching(/^git-refused .*no branch or tag main; its default branch is trunk now$/),
    ])
    expect(loaded.stale?.reasons[0]?.hint).toContain('trunk')

    await remote('symbolic-ref', 'HEAD', 'refs/heads/main')
    expect(reasons(await bed.load())).toEqual([
      expect.stringMatching(/^git-refused .*no branch or tag main; it has trunk$/),
    ])
    expect(reasons(await bed.load({ place: { ref: 'trunk' } }))).toBeUndefined()
    await expect(bed.load({ place: { ref: 'HEAD' } })).rejects.toMatchObject({
      code: 'git-refused',
      message: expect.stringMatching(/its HEAD names no branch that is there; it has trunk$/),
    })
  })

  test('a tag that was deleted, and a commit that is not there', async () => {
    await bed.push({ 'a.yaml': spec() })
    await bed.git('tag', 'v1')
    await bed.git('push', '-q', 'origin', 'v1')
    const place = { ref: 'v1' }
    await bed.load({ place })
    await bed.git('push', '-q', 'origin', ':refs/tags/v1')
    expect(reasons(await bed.load({ place }))).toEqual([
      expect.stringMatching(/^git-refused .*no branch or tag v1; its default branch is main now$/),
    ])
    await expect(bed.load({ place: { ref: '1'.repeat(40) } })).rejects.toMatchObject({
      code: 'git-refused',
      message: expect.stringContaining('does not have what git.ref names'),
    })
  })

  test('an empty repository is called empty', async () => {
    for (const ref of ['main', 'HEAD'])
      await expect(bed.load({ place: { ref } })).rejects.toMatchObject({
        code: 'git-refused',
        message: expect.stringContaining('it is empty'),
      })
  })

  test('a shallow repository is called shallow, also where a whole one was followed before', async () => {
    const first = await bed.push({ 'a.yaml': spec() })
    await bed.load()
    await bed.push({ 'b.yaml': spec() })
    const whole = `${bed.remote}.whole`
    await rename(bed.remote, whole)
    await execa('git', ['clone', '-q', '--bare', '--depth', '1', `file://${whole}`, bed.remote])
    const loaded = await bed.load()
    expect(loaded.revision).toBe(first)
    expect(reasons(loaded)).toEqual([expect.stringMatching(/^git-refused .*is a shallow clone/)])
    await expect(bed.load({ place: { url: `file://${bed.remote}/` } })).rejects.toMatchObject({
      code: 'git-refused',
      message: expect.stringContaining('is a shallow clone'),
    })
  })

  test('stands until the repository answers, though the line goes down meanwhile', async () => {
    await bed.push({ 'a.yaml': spec() })
    await bed.load()
    await rename(bed.remote, `${bed.remote}.away`)
    const since = bed.clock
    const refused = await bed.load()
    bed.clock = instant(since + 60_000)
    const down = await loadDown()
    expect(down.stale).toEqual({ ...refused.stale, since })
    await rename(`${bed.remote}.away`, bed.remote)
    expect((await bed.load()).stale).toBeNull()
  })
})

describe('a line that is down', () => {
  test('is mild for an hour, and then somebody has to see to it', async () => {
    await bed.push({ 'a.yaml': spec() })
    await bed.load()
    const since = bed.clock
    const loaded = await loadDown()
    const [reason] = loaded.stale?.reasons ?? []
    expect(reason).toMatchObject({ code: 'git-unreachable', since })
    expect([0, HOUR - 1, HOUR].map((ms) => isDeaf(reason!, instant(since + ms)))).toEqual([
      false,
      false,
      true,
    ])
    // A no after it is one at once.
    await rename(bed.remote, `${bed.remote}.away`)
    expect(reasons(await bed.load())).toEqual([expect.stringMatching(/^git-refused /)])
  })

  test('since when is not taken from a clock that was set back since', async () => {
    await bed.push({ 'a.yaml': spec() })
    await bed.load()
    const now = bed.clock
    bed.clock = instant(now + 1000 * HOUR)
    await loadDown()
    bed.clock = now
    expect((await loadDown()).stale).toMatchObject({ since: now })
  })

  test('is what words that nobody knows are taken for', async () => {
    await bed.push({ 'a.yaml': spec() })
    await bed.load()
    await writeFile(join(bed.remote, 'config'), '[garbage')
    expect(reasons(await bed.load())).toEqual([expect.stringMatching(/^git-unreachable /)])
  })
})

describe('what a server says', () => {
  const https = gitPlace({ url: 'https://git.example.net/x.git' })
  const ssh = gitPlace({ url: 'git@git.example.net:x.git' })
  const said = (code: string) =>
    `fatal: unable to access 'https://git.example.net/x.git/': The requested URL returned error: ${code}`
  test.each([
    [https, "fatal: could not read Username for 'https://git.example.net': terminal prompts disabled", true],
    [https, said('403'), true],
    [https, "fatal: repository 'https://git.example.net/x.git/' not found", true],
    [https, said('410'), true],
    [https, said('407'), true],
    [https, "fatal: unable to access 'x': SSL certificate problem: self-signed certificate", true],
    [https, 'fatal: https://git.example.net/x.git/info/refs not valid: is this a git repository?', true],
    [https, said('429'), false],
    [https, said('500'), false],
    [https, said('503'), false],
    [https, "fatal: unable to access 'x': Could not resolve host: git.example.net", false],
    [https, "fatal: unable to access 'x': Failed to connect to git.example.net port 443 after 0 ms", false],
    [https, 'error: RPC failed; curl 56 reset\nfatal: early EOF\nfatal: index-pack failed', false],
    [ssh, 'ERROR: Repository not found.\nfatal: Could not read from remote repository.', true],
    [ssh, 'ERROR: Permission to a/x.git denied to deploy key\nfatal: Could not read from remote.', true],
    [ssh, 'remote: The project you were looking for could not be found.', true],
    [ssh, 'git@git.example.net: Permission denied (publickey).', true],
    [ssh, 'Host key verification failed.', true],
    [ssh, 'ssh: connect to host git.example.net port 22: Connection refused', false],
    [ssh, 'ssh: connect to host git.example.net port 22: Connection timed out', false],
    [ssh, 'kex_exchange_identification: Connection closed by remote host', false],
    [https, '@'.repeat(64 * 1024), false],
  ])('%#: %o', (place, stderr, isNo) => {
    const ended = { code: 128, stdout: Buffer.alloc(0), stderr, cause: 'itself' as const, endedBy: null }
    expect(fetchFailure(place, ended)).toMatchObject({
      code: isNo ? 'git-refused' : 'git-unreachable',
      retryable: !isNo,
    })
  })

  const access = (why: string) => `fatal: unable to access 'https://git.example.net/x.git/': ${why}`
  test.each([
    [said('407'), /a proxy .* wants/, /without a proxy/],
    [access('CONNECT tunnel failed, response 407'), /a proxy .* wants/, /without a proxy/],
    [access('Received HTTP code 407 from proxy after CONNECT'), /a proxy .* wants/, /without a proxy/],
    [
      'fatal: https://git.example.net/x.git/info/refs not valid: could not determine hash algorithm; is this a git repository?',
      /a web page/,
      /login page or a proxy/,
    ],
    [
      access("SSL: no alternative certificate subject name matches target host name 'git.example.net'"),
      /for another name/,
      /caFile does not help/,
    ],
    [
      access("SSL: certificate subject name (a.example) does not match target host name 'git.example.net'"),
      /for another name/,
      /caFile does not help/,
    ],
    [access('SSL certificate problem: certificate has expired'), /has expired/, /clock/],
    [access('SSL certificate problem: certificate is not yet valid'), /has expired/, /clock/],
    [access('server certificate expiration date has passed.'), /has expired/, /clock/],
    [access('SSL certificate problem: unable to get local issuer certificate'), /trusts/, /git\.caFile/],
    [access('server certificate verification failed. CAfile: none CRLfile: none'), /trusts/, /git\.caFile/],
  ])('names its own cause: %s', (stderr, why, hint) => {
    const ended = { code: 128, stdout: Buffer.alloc(0), stderr, cause: 'itself' as const, endedBy: null }
    const failure = fetchFailure(https, ended)
    expect(failure.message).toMatch(why)
    expect(failure.hint).toMatch(hint)
  })
})
