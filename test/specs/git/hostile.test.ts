import {
  appendFile,
  chmod,
  chown,
  lchown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as listen } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startThrowawaySource } from '../../../src/commands/demo/source.ts'
import { Stop } from '../../../src/model/failure.ts'
import { instant } from '../../../src/model/instant.ts'
import type { GitPlace } from '../../../src/model/settings.ts'
import type { LoadedSpecs } from '../../../src/specs/load-specs.ts'
import { type GitBed, makeGitBed } from '../../helpers/git-bed.ts'
import { spec } from '../spec-folder.ts'

let bed: GitBed
beforeEach(async () => {
  bed = await makeGitBed()
})
afterEach(() => bed.end())

const faults = ({ faults: found }: LoadedSpecs) =>
  found.flatMap(({ file, code, message }) =>
    code === 'commit-refused' ? [] : [`${file} ${code} ${message}`],
  )

describe('a hostile tree', () => {
  test('links, submodules, huge blobs, bad bytes and strange names are faults or warnings, and nothing of them is read', async () => {
    const good = await bed.push({ 'good.yaml': spec() })
    await bed.load()
    const link = await bed.blob('/etc/passwd')
    const huge = await bed.blob(Buffer.alloc(3 << 20, 'a'))
    const bytes = await bed.blob(Buffer.from('a: \xff', 'latin1'))
    const sound = await bed.blob(spec())
    const tree = await bed.git('rev-parse', 'HEAD^{tree}')
    await bed.pushTree([
      ['100644', 'blob', bytes, 'bytes.yaml'],
      ['100644', 'blob', huge, 'huge.yaml'],
      ['120000', 'blob', link, 'link.yaml'],
      ['160000', 'commit', good, 'module.yaml'],
      ['160000', 'commit', good, 'module'],
      ['040000', 'tree', tree, 'folder'],
      ['040000', 'tree', tree, 'folder.yaml'],
      ['100644', 'blob', sound, 'two\nlines.yaml'],
      ['100644', 'blob', sound, '\u001b[31mred.yaml'],
      ['100644', 'blob', sound, Buffer.from('\xff.yaml', 'latin1')],
      ['100644', 'blob', link, 'passwd'],
    ])
    const loaded = await bed.load()
    expect(loaded.revision).toBe(good)
    expect(JSON.stringify(loaded)).not.toContain('/etc/passwd')
    for (const start of [
      'bytes.yaml not-utf-8',
      'huge.yaml too-large',
      'link.yaml unreadable',
      'module.yaml unreadable',
      'module subfolder',
      'folder subfolder',
      'folder.yaml unreadable',
      'two\nlines.yaml not-read',
      '\u001b[31mred.yaml bad-name',
      'ÿ.yaml unreadable',
    ])
      expect(faults(loaded)).toContainEqual(expect.stringContaining(start))
  })

  test('names that lead out of the folder are not even fetched', async () => {
    const good = await bed.push({ 'good.yaml': spec() })
    await bed.load()
    const sound = await bed.blob(spec())
    await bed.pushTree([
      ['100644', 'blob', sound, '..'],
      ['100644', 'blob', sound, '.git'],
    ])
    const loaded = await bed.load()
    expect(loaded.revision).toBe(good)
    expect(loaded.faults).toMatchObject([
      {
        severity: 'warning',
        code: 'git-refused',
        message: expect.stringContaining('damaged or hostile'),
      },
    ])
  })

  test('hooks and settings of the repository run nothing here', async () => {
    await bed.push({ 'good.yaml': spec() })
    const trap = join(bed.folder, 'trap')
    const script = `#!/bin/sh\ntouch ${trap}\n`
    await mkdir(join(bed.remote, 'hooks'), { recursive: true })
    for (const hook of ['post-checkout', 'reference-transaction', 'post-update', 'pre-auto-gc']) {
      await writeFile(join(bed.remote, 'hooks', hook), script)
      await chmod(join(bed.remote, 'hooks', hook), 0o755)
    }
    await writeFile(
      join(bed.remote, 'config'),
      `${await readFile(join(bed.remote, 'config'), 'utf8')}[uploadpack]\n\tpackObjectsHook = touch ${trap}\n[core]\n\tfsmonitor = touch ${trap}\n\tsshCommand = touch ${trap}\n`,
    )
    await bed.load()
    await expect(stat(trap)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('a repository of another user is read, for the settings name it', async () => {
    if (process.getuid?.() !== 0) return
    const commit = await bed.push({ 'good.yaml': spec() })
    await bed.git('--version')
    await execa('chown', ['-R', '65534', bed.remote])
    expect((await bed.load()).revision).toBe(commit)
    expect((await bed.load({ use: 'look' })).revision).toBe(commit)
  })

  test("root's fetch for another user's box leaves them all that is below state, and runs nothing of theirs as root", async () => {
    if (process.getuid?.() !== 0) return
    const nobody = 65_534
    await chmod(bed.folder, 0o755)
    await mkdir(bed.state)
    await chown(bed.state, nobody, nobody)
    const strangers = async () => (await execa('find', [bed.state, '!', '-user', String(nobody)])).stdout
    await bed.push({ 'good.yaml': spec() })
    await bed.load()
    expect(await strangers()).toBe('')

    const [clone] = (await readdir(join(bed.state, 'git'))).filter((one) => !one.endsWith('.lock'))
    const [ran, trap] = [join(bed.folder, 'ran'), join(bed.folder, 'trap')]
    await mkdir(ran)
    await chmod(ran, 0o777)
    await writeFile(trap, `#!/bin/sh\nid -u >${ran}/as\nexit 1\n`, { mode: 0o755 })
    const config = join(bed.state, 'git', clone!, 'repo.git/config')
    await appendFile(
      config,
      [
        `[gpg "ssh"]\n\tprogram = ${trap}\n[core]\n\talternateRefsCommand = ${trap}\n\tfsmonitor = ${trap}\n`,
        `\tsshCommand = ${trap}\n[credential]\n\thelper = !${trap}\n[remote "file://${bed.remote}"]\n\tuploadpack = ${trap}\n`,
      ].join(''),
    )
    // A fetch asks what an alternate has.
    await execa('git', ['init', '-q', '--bare', join(bed.folder, 'lent.git')])
    await writeFile(join(config, '../objects/info/alternates'), `${join(bed.folder, 'lent.git/objects')}\n`)
    await execa('chown', ['-R', String(nobody), bed.state])
    const signers = join(bed.folder, 'signers')
    await writeFile(signers, 'x ssh-ed25519 AAAA\n')
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(bed.folder, 'signer')])
    await bed.git('config', 'gpg.format', 'ssh')
    await bed.git('config', 'user.signingkey', join(bed.folder, 'signer'))
    const commit = await bed.push({ 'other.yaml': spec() }, '-S')
    await bed.load({ place: { verifySignatures: signers } })
    expect((await bed.load()).revision).toBe(commit)
    await bed.push({ 'third.yaml': spec() })
    await bed.load({ use: 'look' })
    expect(await strangers()).toBe('')
    expect(await readdir(ran)).toEqual([])
  })

  test.runIf(process.getuid?.() === 0)(
    "of another user's box, a link in place of the clone leads root nowhere: nothing runs, and nothing is written or removed there",
    async () => {
      const nobody = 65_534
      await chmod(bed.folder, 0o755)
      await mkdir(bed.state)
      await chown(bed.state, nobody, nobody)
      await bed.push({ 'good.yaml': spec() })
      await bed.load()
      const [name] = (await readdir(join(bed.state, 'git'))).filter((one) => !one.endsWith('.lock'))
      const clone = join(bed.state, 'git', name!)
      const other = join(bed.folder, 'roots')
      const [ran, trap] = [join(bed.folder, 'ran'), join(bed.folder, 'trap')]
      await writeFile(trap, `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 })
      await execa('cp', ['-a', clone, other])
      await chown(other, 0, 0)
      await writeFile(join(other, 'gitconfig'), 'kept')
      await writeFile(join(other, 'repo.git/refs/a.lock'), 'kept')
      await appendFile(join(other, 'repo.git/config'), `[core]\n\talternateRefsCommand = ${trap}\n`)
      await bed.push({ 'other.yaml': spec() })
      const lead = async (path: string, to: string): Promise<void> => {
        await rename(path, `${path}.away`)
        await symlink(to, path)
        await lchown(path, nobody, nobody)
      }
      const expectNothing = async (): Promise<void> => {
        for (const use of ['obey', 'look', 'recall'] as const)
          await expect(bed.load({ use }), use).rejects.toMatchObject({
            code: expect.stringMatching(/^(git-clone-broken|disk-forbidden)$/),
          })
        expect(await readFile(join(other, 'gitconfig'), 'utf8')).toBe('kept')
        expect(await readFile(join(other, 'repo.git/refs/a.lock'), 'utf8')).toBe('kept')
        await expect(stat(ran)).rejects.toMatchObject({ code: 'ENOENT' })
      }
      await lead(clone, other)
      await expectNothing()
      await rm(clone)
      await rename(`${clone}.away`, clone)
      await lead(join(clone, 'repo.git'), join(other, 'repo.git'))
      await expectNothing()
      await rm(join(clone, 'repo.git'))
      await rename(join(clone, 'repo.git.away'), join(clone, 'repo.git'))
      // What is removed there goes by the same rule, one link further in.
      await lead(join(clone, 'repo.git/refs'), join(other, 'repo.git/refs'))
      await bed.load().catch(() => {})
      expect(await readFile(join(other, 'repo.git/refs/a.lock'), 'utf8')).toBe('kept')
    },
  )
})

describe('a fetch', () => {
  test('over https asks nobody for a password, and ends', async () => {
    let asked = 0
    const server = createServer((_, answer) => {
      asked++
      answer.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    })
    await new Promise<void>((tell) => server.listen(0, '127.0.0.1', tell))
    try {
      const { port } = server.address() as AddressInfo
      // No TLS there: git must not fall back to anything else.
      await expect(bed.load({ place: { url: `https://127.0.0.1:${port}/x.git` } })).rejects.toMatchObject({
        code: 'git-unreachable',
      })
      await expect(bed.load({ place: { url: `http://127.0.0.1:${port}/x.git` } })).rejects.toMatchObject({
        message: expect.stringContaining('not allowed'),
      })
      expect(asked).toBe(0)
    } finally {
      server.close()
    }
  })

  test.each(['ext::sh -c "touch TRAP"', 'git://127.0.0.1:1/x', 'fd::0'])(
    'of %s is refused by git too',
    async (url) => {
      const trap = join(bed.folder, 'trap')
      await expect(bed.load({ place: { url: url.replace('TRAP', trap) } })).rejects.toMatchObject({
        code: 'git-refused',
        message: expect.stringContaining('not allowed'),
      })
      await expect(stat(trap)).rejects.toMatchObject({ code: 'ENOENT' })
    },
  )

  test('that stalls is ended by its guard, and one that is stopped ends at once, with all its children', async () => {
    const good = await bed.push({ 'good.yaml': spec() })
    await bed.load()
    const sockets: import('node:net').Socket[] = []
    const server = listen((socket) => void sockets.push(socket.on('error', () => {})))
    await new Promise<void>((tell) => server.listen(0, '127.0.0.1', tell))
    const { port } = server.address() as AddressInfo
    const place = { url: `ssh://git@127.0.0.1:${port}/x` }
    try {
      await expect(bed.load({ place, limits: { total: 60, silence: 1 } })).rejects.toMatchObject({
        code: 'git-unreachable',
        message: expect.stringContaining('nothing came for too long'),
      })
      const stop = new AbortController()
      const stopped = bed.load({ place, signal: stop.signal })
      const before = sockets.length
      while (sockets.length === before) await sleep(20)
      stop.abort(new Stop('terminate'))
      await expect(stopped).rejects.toBeInstanceOf(Stop)
      expect((await bed.load()).revision).toBe(good)
    } finally {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  })
})

test('over ssh: with a key of its own and a pinned host key, and with no other', async () => {
  const commit = await bed.push({ 'good.yaml': spec() })
  const sshd = await startThrowawaySource({
    folder: join(bed.folder, 'a folder of keys'),
    served: bed.remote,
    command: 'git-shell -c "$SSH_ORIGINAL_COMMAND"',
  })
  try {
    // A path with blanks stays one word.
    const { identity, knownHosts, user, port } = sshd
    const place = { url: `ssh://${user}@127.0.0.1:${port}${bed.remote}`, identity, knownHosts }
    expect((await bed.load({ place })).revision).toBe(commit)
    const next = await bed.push({ 'b.yaml': spec() })
    expect((await bed.load({ place })).revision).toBe(next)
    // Nothing new: one session looks, and no second one fetches.
    const before = sshd.countSessions()
    await bed.load({ place })
    expect(sshd.countSessions() - before).toBe(1)

    const at = (name: string) => join(bed.folder, name)
    const open = { mode: 0o644 }
    await writeFile(at('empty'), '')
    await writeFile(at('open'), await readFile(identity), open)
    for (const [name, passphrase] of [
      ['stranger', ''],
      ['locked', 'a passphrase'],
    ] as const)
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', at(name)])
    const pinned = (await readFile(knownHosts, 'utf8')).split(' ')[0]
    const other = (await readFile(at('stranger.pub'), 'utf8')).split(' ').slice(0, 2).join(' ')
    await writeFile(at('other-pin'), `${pinned} ${other}\n`)
    const closed = await unusedPort()
    const cases: readonly (readonly [Partial<GitPlace>, message: RegExp, hint: RegExp, code?: string])[] = [
      [
        { knownHosts: at('empty') },
        /no host key is pinned for 127\.0\.0\.1 \(port \d+\) \(No /,
        /ssh-keyscan -t ed25519 -p \d+ 127\.0\.0\.1 >> /,
      ],
      [
        { knownHosts: at('other-pin') },
        /presented a different host key than the pinned one \(SHA256:/,
        /man in the middle/,
      ],
      [{ knownHosts: at('none') }, /file of pinned host keys \S+ does not exist/, /ssh-keyscan/],
      [{ identity: at('none') }, /private key \S+ does not exist/, /ssh-keygen .* -f \S+none, and/],
      [{ identity: at('open') }, /the private key \S+ is readable by others/, /chmod 600/],
      [{ identity: at('locked') }, /has a passphrase/, /deploy key/],
      [{ identity: at('stranger') }, /refused our key \S+stranger for the account/, /deploy key/],
      [
        { url: `ssh://git@127.0.0.1:${closed}/x` },
        /refused the connection on port/,
        /firewall/,
        'git-unreachable',
      ],
      [
        { url: 'git@no-such-host.invalid:x' },
        /name no-such-host\.invalid cannot be resolved/,
        /DNS/,
        'git-unreachable',
      ],
      [{ url: `${place.url}-not` }, /there is no repository/, /URL/],
    ]
    for (const [over, message, hint, code = 'git-refused'] of cases) {
      await expect(
        bed.load({ use: 'look', place: { ...place, ...over, ref: 'nowhere' } }),
        String(message),
      ).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      })
    }
    // What was taken before goes on.
    const keyless = await bed.load({ place: { ...place, identity: at('none') } })
    expect(keyless).toMatchObject({
      revision: next,
      faults: [{ message: expect.stringContaining('does not exist') }],
    })
    expect(
      JSON.stringify(await bed.load({ place: { ...place, knownHosts: at('other-pin') } })),
    ).not.toContain('ssh-keyscan')
  } finally {
    await sshd.stop()
  }
})

describe('signatures', () => {
  const keys = async () => {
    for (const name of ['mine', 'other']) {
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(bed.folder, name)])
    }
    const allowed = join(bed.folder, 'allowed signers'.replace(' ', '_'))
    await writeFile(allowed, `me@example.net ${await readFile(join(bed.folder, 'mine.pub'), 'utf8')}`)
    return allowed
  }
  const signed = (key: string) => [`-S${join(bed.folder, key)}`]

  test('a commit is taken when its tip has a good one; unsigned, by another key or edited it is not read', async () => {
    const verifySignatures = await keys()
    await bed.git('config', 'gpg.format', 'ssh')
    const place = { verifySignatures }
    const refused = (loaded: LoadedSpecs) => loaded.faults.map(({ code, message }) => `${code} ${message}`)

    await bed.push({ 'a.yaml': spec() })
    const nothing = await bed.load({ place })
    expect(nothing).toMatchObject({ revision: null, specs: [] })
    expect(refused(nothing)).toEqual([
      expect.stringMatching(
        /^commit-unsigned commit [0-9a-f]{40} is not taken: it is not signed; .*nothing runs$/,
      ),
    ])

    // The one below it needs none.
    const good = await bed.push({ 'b.yaml': spec() }, ...signed('mine'))
    expect(await bed.load({ place })).toMatchObject({ revision: good, faults: [], stale: null })

    const other = await bed.push({ 'c.yaml': 'colour: red\n' }, ...signed('other'))
    const last = await bed.load({ place })
    expect(last).toMatchObject({ revision: good, lastGood: { obeyed: good, newer: other } })
    // Its fault is not told: it was not read.
    expect(refused(last)).toEqual([
      expect.stringContaining(`commit ${other} is not taken: it is signed by a key that`),
    ])

    await bed.push({ 'c.yaml': spec() })
    expect(refused(await bed.load({ place }))).toEqual([expect.stringContaining('it is not signed')])

    // The same signature under another message.
    const text = (await bed.git('cat-file', 'commit', good)).replace(/\ncommit \d+$/, '\nanother')
    await writeFile(join(bed.folder, 'forged'), `${text}\n`)
    const forged = await bed.git('hash-object', '-w', '-t', 'commit', join(bed.folder, 'forged'))
    await bed.git('push', '-q', '--force', 'origin', `${forged}:refs/heads/main`)
    expect(refused(await bed.load({ place }))).toContainEqual(
      expect.stringContaining('no good ssh signature'),
    )

    const gone = await bed.load({ place: { verifySignatures: join(bed.folder, 'nowhere') } })
    expect(refused(gone)).toContainEqual(expect.stringContaining('cannot be checked'))
  })

  test('signers who count no more, and a file that names nobody, are told as what they are', async () => {
    const verifySignatures = await keys()
    const line = await readFile(verifySignatures, 'utf8')
    const [principal, ...key] = line.split(' ')
    const other = await readFile(join(bed.folder, 'other.pub'), 'utf8')
    await bed.git('config', 'gpg.format', 'ssh')
    const commit = await bed.push({ 'a.yaml': spec() }, ...signed('mine'))
    const cases: readonly (readonly [signers: string, message: string, hint: RegExp])[] = [
      [`${principal} ${other}`, 'does not name', /^Sign the head/],
      [`${principal} valid-before="20200101" ${key.join(' ')}`, 'key has expired', /change that line/],
      [`${principal} valid-after="29990101" ${key.join(' ')}`, 'not yet valid', /change that line/],
      [`${principal} namespaces="file" ${key.join(' ')}`, 'not permitted', /change that line/],
      ['', 'names nobody', /^Mend/],
      ['# me\n', 'names nobody', /^Mend/],
      ['garbage\n', ':1: missing key', /^Mend/],
    ]
    for (const [signers, message, hint] of cases) {
      await writeFile(verifySignatures, signers)
      const { faults: found, revision } = await bed.load({ place: { verifySignatures } })
      expect(revision, message).toBeNull()
      expect(found).toMatchObject([
        {
          code: 'commit-unsigned',
          message: expect.stringContaining(message),
          hint: expect.stringMatching(hint),
        },
      ])
    }
    await writeFile(verifySignatures, `garbage\n${line}`)
    expect(await bed.load({ place: { verifySignatures } })).toMatchObject({ revision: commit, faults: [] })
  })

  test('asked for over an unsigned history: what was in force stays so, said to be unsigned, and is never taken for signed', async () => {
    const old = await bed.push({ 'a.yaml': spec() })
    await bed.load()
    const place = { verifySignatures: await keys() }
    const said = (loaded: LoadedSpecs) => loaded.faults.map(({ code, message }) => `${code} ${message}`)
    const hint = expect.stringContaining('git commit --allow-empty -S')
    for (const use of ['look', 'obey', 'obey', 'recall'] as const) {
      const loaded = await bed.load({ place, use })
      expect(loaded, use).toMatchObject({
        revision: old,
        specs: [{ name: 'a' }],
        faults: [{ severity: 'error', code: 'commit-unsigned', hint }],
        lastGood: { obeyed: old, message: `commit ${old.slice(0, 8)} has no valid signature` },
      })
      expect(said(loaded)).toEqual([
        `commit-unsigned commit ${old} is not taken: it is not signed; its specs stay in force, as they were before signatures were asked for`,
      ])
    }
    const next = await bed.push({ 'b.yaml': spec() })
    expect(said(await bed.load({ place }))).toEqual([
      `commit-unsigned commit ${next} is not taken: it is not signed; the specs are those of the last good commit ${old.slice(0, 8)}`,
    ])
    await bed.git('config', 'gpg.format', 'ssh')
    const good = await bed.push({}, ...signed('mine'))
    bed.clock = instant(bed.clock + 1)
    expect(await bed.load({ place })).toMatchObject({ revision: good, stale: null, lastGood: null })
    // The other way round, a faulty head leaves in force what was taken last.
    await bed.push({ 'b.yaml': 'colour: red\n' })
    expect(await bed.load()).toMatchObject({ revision: good, lastGood: { obeyed: good } })
    // A history without what was in force is a question, signed or not.
    await bed.git('reset', '-q', '--hard', old)
    const other = await bed.push({ 'c.yaml': spec() }, ...signed('mine'))
    expect(await bed.load({ place })).toMatchObject({
      revision: good,
      holds: [{ code: 'history-rewritten' }],
      lastGood: { newer: other },
    })
  })
})

describe('the clone', () => {
  const clone = async () => {
    const [name] = (await readdir(join(bed.state, 'git'))).filter((one) => !one.endsWith('.lock'))
    return join(bed.state, 'git', name!, 'repo.git')
  }

  test('is private', async () => {
    await bed.push({ 'a.yaml': spec() })
    await bed.load()
    for (const path of [bed.state, join(bed.state, 'git'), join(await clone(), '..')])
      expect((await stat(path)).mode & 0o77).toBe(0)
  })

  test('removed, it is fetched anew, and the last good commit is still known', async () => {
    const good = await bed.push({ 'a.yaml': spec() })
    await bed.load()
    await bed.push({ 'b.yaml': 'x' })
    await rm(join(await clone(), '..'), { recursive: true })
    expect(await bed.load()).toMatchObject({ revision: good, lastGood: { obeyed: good } })
  })

  test('with what a killed fetch leaves behind, works on', async () => {
    await bed.push({ 'a.yaml': spec() })
    await bed.load()
    const at = await clone()
    const [place] = await readdir(join(at, 'refs/reconcile'))
    for (const left of [
      'packed-refs.lock',
      'HEAD.lock',
      'config.lock',
      `refs/reconcile/${place}/tip.lock`,
      `refs/reconcile/${place}/good.lock`,
      'objects/pack/tmp_pack_x',
    ]) {
      await mkdir(join(at, left, '..'), { recursive: true })
      await writeFile(join(at, left), '')
    }
    const next = await bed.push({ 'b.yaml': spec() })
    expect(await bed.load()).toMatchObject({ revision: next, stale: null })
  })

  test('two at once, and looks beside them, all see the newest commit', async () => {
    const commit = await bed.push({ 'a.yaml': spec() })
    const all = await Promise.all([
      bed.load(),
      bed.load(),
      bed.load({ use: 'look' }),
      bed.load({ use: 'newest' }),
      bed.load(),
    ])
    expect(all.map(({ revision }) => revision)).toEqual(Array(5).fill(commit))
  })
})

/** One that nobody listens on. */
async function unusedPort(): Promise<number> {
  const server = listen(() => {})
  await new Promise<void>((tell) => server.listen(0, '127.0.0.1', tell))
  const { port } = server.address() as AddressInfo
  await new Promise((tell) => server.close(tell))
  return port
}
