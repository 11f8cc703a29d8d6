import { chmod, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Failure } from '../../src/model/failure.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { Hop, SshPlace } from '../../src/model/spec.ts'
import { checkKeys } from '../../src/source/check-keys.ts'
import { bySsh } from '../../src/source/explain-failure.ts'
import { makeSourceBed, quietRun, type SourceBed } from '../helpers/source-bed.ts'

/** What listing came to: the failure's code, or what it found. */
const listed = (bed: SourceBed, change: Partial<SshPlace> = {}, timeout = 30): Promise<string> =>
  bed
    .open(change, timeout)
    .list(quietRun())
    .then(
      (listing) => `${listing.completeness} ${[...listing.files.keys()].join(' ')}`,
      (error: Failure) => {
        expect(error.name).toBe('Failure')
        expect(error.message).not.toMatch(/undefined|\[object/)
        expect(error.hint.length).toBeGreaterThan(10)
        return error.code
      },
    )

describe('what lies on this machine or between', () => {
  let bed: SourceBed
  beforeAll(async () => {
    bed = await makeSourceBed('ssh')
    await writeFile(join(bed.served, 'a.tar'), 'abc')
  })
  afterAll(() => bed.end())
  const at = (name: string): string => join(bed.folder, name)
  const newKey = async (name: string, passphrase = ''): Promise<string> => {
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', at(name)])
    return at(name)
  }

  test('a key that the source does not know is refused', async () => {
    const identity = await newKey('an other')
    const public_ = (await readFile(`${identity}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ')
    const { stdout } = await execa('ssh-keygen', ['-lf', `${identity}.pub`])
    const source = bed.open({ identity })
    const { message, hint, code } = await source.list(quietRun()).then(
      () => expect.unreachable(),
      (error: Failure) => error,
    )
    expect(code).toBe('key-refused')
    expect(message).toContain(
      `our key ${identity} (${stdout.split(' ')[1]}) for the account ${bed.sshd!.user}`,
    )
    expect(hint).toContain(`(usermod -p '*' ${bed.sshd!.user})`)
    // Pasted as it is, it opens no shell.
    expect(hint).toContain(`: restrict,command="rrsync -ro DIR" ${public_}. `)
    expect(hint).toContain('reconcile source init NAME')
  })

  test('a key file that is missing, open to others, or has a passphrase is named before anybody is asked', async () => {
    const before = bed.sshd!.countSessions()
    expect(await listed(bed, { identity: at('none') })).toBe('identity-missing')
    const open = await newKey('open')
    await chmod(open, 0o644)
    expect(await listed(bed, { identity: open })).toBe('identity-too-open')
    expect(await listed(bed, { identity: await newKey('locked', 'secret') })).toBe('identity-encrypted')
    await execa('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'secret', '-f', at('pem')])
    expect(await listed(bed, { identity: at('pem') })).toBe('identity-encrypted')
    await writeFile(at('locked-cut'), (await readFile(at('locked'), 'latin1')).trimEnd(), { mode: 0o600 })
    expect(await listed(bed, { identity: at('locked-cut') })).toBe('identity-encrypted')
    expect(await listed(bed, { identity: bed.folder })).toBe('identity-unreadable')
    expect(bed.sshd!.countSessions()).toBe(before)
  })

  test('a path of no key file is said to be what it is, with a hint that works, before anybody is asked', async () => {
    const before = bed.sshd!.countSessions()
    const said = (change: Partial<SshPlace>): Promise<string> =>
      bed
        .open(change)
        .list(quietRun())
        .then(
          () => expect.unreachable(),
          ({ code, message, hint }: Failure) => `${code}: ${message} ${hint}`,
        )
    for (const name of ['folder', 'bare']) await mkdir(at(name), { mode: 0o700 })
    const made = await newKey('folder/mine')
    await execa('mkfifo', [at('fifo')])
    await symlink('nowhere', at('dangling'))
    await symlink('circle', at('circle'))
    const cases: readonly (readonly [path: string, says: string])[] = [
      [
        at('folder'),
        `unreadable: The private key ${at('folder')} is a folder, not a file. Name the key itself: ${made}.`,
      ],
      [
        at('bare'),
        `is a folder, not a file. Make one in it: ssh-keygen -t ed25519 -N "" -f ${at('bare/id_ed25519')}, `,
      ],
      [at('fifo'), 'unreadable: The private key @ is a pipe, not a file. Name a regular file'],
      ['/dev/null', 'unreadable: The private key @ is a device, not a file. Name a regular file'],
      [
        at('dangling'),
        'missing: The private key @ is a symlink to nowhere, which does not exist. Let it lead to',
      ],
      [
        at('circle'),
        'unreadable: The private key @ is a symlink to circle, which leads back to it. Let it lead to',
      ],
      [`${made}/x`, `missing: The private key @ cannot be there: ${made} is a file, not a folder. Name`],
      [at('none'), 'missing: The private key @ does not exist. Make one: ssh-keygen'],
      [at('no/where'), `does not exist. Make its folder: mkdir -p -m 700 ${at('no')}. Make one: ssh-keygen`],
      [
        await newKey('passphrase', 'secret'),
        'has a passphrase, and nobody is there to type it. Make a separate one without: ssh-keygen -t ed25519 -N "" -f @-ed25519, and put',
      ],
    ]
    for (const [identity, says] of cases)
      expect(await said({ identity }), identity).toContain(says.replace('@', identity))
    for (const [knownHosts, says] of [
      [at('folder'), `is a folder, not a file. Name the file in it, such as ${at('folder/known_hosts')}.`],
      [at('dangling'), 'missing: The file of pinned host keys @ is a symlink to nowhere'],
      [
        at('no/where'),
        `Make its folder: mkdir -p -m 700 ${at('no')}. Pin the host key: reconcile source init`,
      ],
    ] as const)
      expect(await said({ knownHosts }), knownHosts).toContain(says.replace('@', knownHosts))
    // The commands do what they say.
    const hint = await said({ identity: at('no/where') })
    for (const command of [/mkdir [^.]*?(?=\. )/, /ssh-keygen .*?(?=, and put)/])
      await execa(command.exec(hint)![0], { shell: true })
    expect(bed.sshd!.countSessions()).toBe(before)
    expect(await listed(bed, { identity: at('no/where') })).toBe('key-refused')
  })

  test('a file that ssh reads no key from is named for what it is before anybody is asked', async () => {
    const before = bed.sshd!.countSessions()
    const key = await newKey('plain')
    const text = await readFile(key, 'latin1')
    const strange: (readonly [name: string, text: string, says: string, hint: string])[] = [
      ['no-newline', text.trimEnd(), 'does not end with a newline', 'echo >> '],
      ['crlf', text.replaceAll('\n', '\r\n'), 'Windows line endings', 'sed -i'],
      [
        'a key.ppk',
        'PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\n',
        'PuTTY',
        `puttygen '${at('a key.ppk')}' -O private-openssh -o '${at('a key.ppk')}.openssh'`.replace(
          ".ppk'.openssh'",
          ".ppk.openssh'",
        ),
      ],
      ['half.pub', await readFile(`${key}.pub`, 'latin1'), 'public half', 'half'],
      ['empty', '', 'is empty', 'ssh-keygen'],
      ['cut', `${text.split('\n').slice(0, 3).join('\n')}\n`, 'is cut off', 'scp'],
      ['one-line', text.replaceAll('\n', ' '), 'lost its line breaks', 'scp'],
      ['indented', text.replaceAll(/^/gm, '  '), 'blanks or other text', '-----BEGIN'],
      ['damaged', text.replace(/\n.{9}/, '\n'), 'is damaged', 'ssh-keygen'],
      ['certificate', 'ssh-ed25519-cert-v01@openssh.com AAAA x\n', 'is a certificate', 'private key'],
      ['git-crypt', '\0GITCRYPT\0\x01\x02', 'encrypted by git-crypt', 'git-crypt unlock'],
      ['vault', '$ANSIBLE_VAULT;1.1;AES256\n6162\n', 'encrypted by ansible-vault', 'ansible-vault decrypt'],
      [
        'lfs',
        'version https://git-lfs.github.com/spec/v1\noid sha256:00\n',
        'pointer of git-lfs',
        'lfs pull',
      ],
      ['sops', '{"data":"ENC[AES256_GCM,data:x]","sops":{}}\n', 'encrypted by sops', 'sops decrypt'],
      ['age', 'age-encryption.org/v1\n-> X25519 x\n', 'encrypted by age', 'age -d'],
      ['gpg', '-----BEGIN PGP MESSAGE-----\n\nhQ\n', 'encrypted by gpg', 'gpg -d'],
      ['words', 'not a key\n', 'no private key', 'ssh-keygen'],
    ]
    const dsa = at('dsa')
    const made = await execa('ssh-keygen', ['-q', '-t', 'dsa', '-N', '', '-f', dsa], { reject: false })
    if (made.exitCode === 0)
      strange.push(['old', await readFile(dsa, 'latin1'), 'is a DSA key', 'ssh-keygen'])
    for (const [name, content, says, hint] of strange) {
      // Of the wrong file nobody needs to change the rights.
      await writeFile(at(name), content, { mode: /ppk|pub|certificate/.test(name) ? 0o644 : 0o600 })
      const source = bed.open({ identity: at(name) })
      const failure = await source.list(quietRun()).catch((error: Failure) => error)
      expect(failure, name).toMatchObject({
        code: 'identity-no-key',
        message: expect.stringContaining(says),
        hint: expect.stringContaining(hint),
      })
    }
    expect(bed.sshd!.countSessions()).toBe(before)
  })

  test('a host key that is not pinned, or not the pinned one, ends it', async () => {
    expect(await listed(bed, { knownHosts: at('none') })).toBe('known-hosts-missing')
    // Nobody would ever write into it, and ssh would wait.
    await execa('mkfifo', [at('pipe')])
    expect(await listed(bed, { knownHosts: at('pipe') })).toBe('known-hosts-unreadable')
    expect(await listed(bed, { identity: at('pipe') })).toBe('identity-unreadable')
    await writeFile(at('empty'), '')
    expect(await listed(bed, { knownHosts: at('empty') })).toBe('host-key-unknown')
    await newKey('host')
    const { readFile } = await import('node:fs/promises')
    await writeFile(at('wrong'), `[127.0.0.1]:${bed.sshd!.port} ${await readFile(at('host.pub'), 'utf8')}`)
    expect(await listed(bed, { knownHosts: at('wrong') })).toBe('host-key-changed')
  })

  test('a host that is not there, in three ways', async () => {
    expect(await listed(bed, { host: 'no-such-host.invalid' })).toBe('host-unresolvable')
    const server = createServer()
    const port = await listening(server)
    await new Promise((done) => server.close(done))
    await writeFile(at('pinned'), `[127.0.0.1]:${port} ssh-ed25519 AAAA\n`)
    expect(await listed(bed, { port, knownHosts: at('pinned') })).toBe('connection-refused')
  })

  test('a folder that is not there, or that rrsync refuses', async () => {
    expect(await listed(bed, { path: 'nowhere' })).toBe('path-missing')
    expect(await listed(bed, { path: 'a/../../etc' })).toBe('refused-by-rrsync')
    expect(await listed(bed, { path: 'a.tar' })).toBe('path-no-folder')
    await rename(bed.served, `${bed.served}-away`)
    expect(await listed(bed)).toBe('rrsync-folder-missing')
    await rename(`${bed.served}-away`, bed.served)
  })

  test('a folder with spaces and signs in its path is found', async () => {
    const name = "a 'b' $(c) é; d"
    await mkdir(join(bed.served, name))
    await writeFile(join(bed.served, name, 'x.tar'), '')
    expect(await listed(bed, { path: name })).toBe('complete x.tar')
  })

  test('the same is found over a jump host, protocol 29 and legacy algorithms', async () => {
    const sshd = bed.sshd!
    const jump = [{ user: sshd.user, host: sshd.host, port: sshd.port }]
    // `restrict` forbids forwarding, so this jump host must refuse to carry us on.
    const refused = await bed
      .open({ jump })
      .list(quietRun())
      .catch((error: Failure) => error)
    expect(refused).toMatchObject({
      code: 'jump-refused',
      retryable: true,
      message: expect.stringMatching(/did not carry us on to .*: stdio forwarding failed$/),
      hint: expect.stringContaining('restrict,port-forwarding,'),
    })
    expect(await listed(bed, { protocol: 29 })).toContain('a.tar')
    expect(await listed(bed, { algorithms: 'legacy' })).toContain('a.tar')
  })
})

test.runIf(process.getuid?.() === 0)('a uid without a name is named before anybody is asked', async () => {
  process.seteuid!(42424)
  try {
    await expect(checkKeys({ identity: '/none', knownHosts: '/none' })).rejects.toMatchObject({
      code: 'user-unnamed',
      message: expect.stringContaining('has the uid 42424'),
      hint: expect.stringContaining('/etc/passwd: reconcile:x:'),
    })
  } finally {
    process.seteuid!(0)
  }
})

test('a server that drops everybody: MaxStartups and fail2ban are named', async () => {
  const bed = await makeSourceBed('ssh', { config: ['PerSourceMaxStartups 1'] })
  const { connect } = await import('node:net')
  const first = connect(bed.sshd!.port, '127.0.0.1')
  try {
    // Its greeting: this one is in, and nobody else comes in beside it.
    await new Promise((done) => first.once('data', done))
    const dropped = await bed
      .open()
      .list(quietRun())
      .catch((error: Failure) => error)
    expect(dropped).toMatchObject({
      code: 'connection-lost',
      retryable: true,
      hint: expect.stringMatching(/Perhaps .*MaxStartups.*fail2ban/),
    })
  } finally {
    first.destroy()
    await bed.end()
  }
})

test('a jump host carries the session on', async () => {
  const gate = await makeSourceBed('ssh', { command: null })
  const bed = await makeSourceBed('ssh')
  try {
    await writeFile(join(bed.served, 'a.tar'), 'abc')
    const { readFile } = await import('node:fs/promises')
    const [there, here] = [bed.sshd!, gate.sshd!]
    // One key and one file of pinned keys for the whole way.
    // As docs/source-setup.md has it.
    const options = `restrict,port-forwarding,permitopen="${there.host}:${there.port}",permitopen="${here.host}:${here.port}",command="/bin/false" `
    await writeFile(
      join(gate.folder, 'keys', 'authorized_keys'),
      options + (await readFile(`${there.identity}.pub`, 'utf8')),
    )
    const pinned = join(bed.folder, 'pinned keys')
    await writeFile(
      pinned,
      (await readFile(there.knownHosts, 'utf8')) + (await readFile(here.knownHosts, 'utf8')),
    )
    const jump = [{ user: here.user, host: here.host, port: here.port }]
    expect(await listed(bed, { jump, knownHosts: pinned })).toBe('complete a.tar')
    expect(here.countSessions()).toBe(1)
    expect(await listed(bed, { jump: [...jump, ...jump], knownHosts: pinned })).toBe('complete a.tar')
    expect(here.countSessions()).toBe(3)
  } finally {
    await gate.end()
    await bed.end()
  }
})

describe('what fails at a jump host names it and source.jump', () => {
  let first: SourceBed
  let second: SourceBed
  let bed: SourceBed
  let pinned: string
  beforeAll(async () => {
    first = await makeSourceBed('ssh', { command: null })
    second = await makeSourceBed('ssh', { command: null })
    bed = await makeSourceBed('ssh')
    await writeFile(join(bed.served, 'a.tar'), 'abc')
    const ours = await readFile(`${bed.sshd!.identity}.pub`, 'utf8')
    for (const gate of [first, second]) await writeFile(join(gate.folder, 'keys', 'authorized_keys'), ours)
    pinned = await pin(first, second, bed)
  })
  afterAll(async () => {
    for (const each of [first, second, bed]) await each.end()
  })
  const pin = async (...beds: readonly SourceBed[]): Promise<string> => {
    const path = join(bed.folder, `pinned ${beds.map((each) => each.sshd!.port).join(' ')}`)
    const lines = await Promise.all(beds.map((each) => readFile(each.sshd!.knownHosts, 'utf8')))
    await writeFile(path, lines.join(''))
    return path
  }
  const hop = (gate: SourceBed): Hop => ({
    user: gate.sshd!.user,
    host: gate.sshd!.host,
    port: gate.sshd!.port,
  })
  const text = ({ user, host, port }: Hop): string => `${user}@${host}:${port}`
  const failing = (jump: readonly Hop[], change: Partial<SshPlace> = {}): Promise<unknown> =>
    bed
      .open({ jump, knownHosts: pinned, ...change })
      .list(quietRun())
      .catch((error: Failure) => error)
  const names = (gate: Hop): unknown =>
    expect.stringMatching(new RegExp(`the jump host ${text(gate)}\\b`, 'i'))

  test('two hops carry it', async () => {
    expect(await listed(bed, { jump: [hop(first), hop(second)], knownHosts: pinned })).toBe('complete a.tar')
  })

  test('its host key is not pinned: the first, the second, or the source itself', async () => {
    const way = [hop(first), hop(second)]
    const known = { code: 'host-key-unknown', hint: expect.stringContaining('ssh-keyscan') }
    for (const [jump, at, others] of [
      [[hop(first)], first, [bed]],
      [way, first, [second, bed]],
      [way, second, [first, bed]],
    ] as const)
      expect(await failing(jump, { knownHosts: await pin(...others) })).toMatchObject({
        ...known,
        message: names(hop(at)),
        hint: expect.stringContaining(`[127.0.0.1]:${hop(at).port}`),
      })
    const source = await failing(way, { knownHosts: await pin(first, second) })
    expect(source).toMatchObject({ ...known, message: expect.not.stringContaining('jump host') })
  })

  test('its host key is not the pinned one', async () => {
    const changed = join(bed.folder, 'changed')
    const [other] = (await readFile(bed.sshd!.knownHosts, 'utf8'))
      .split('\n')
      .map((line) => line.split(' ').slice(1).join(' '))
    for (const [jump, at, rest] of [
      [[hop(first)], first, [bed]],
      [[hop(second), hop(first)], first, [second, bed]],
      [[hop(first), hop(second)], first, [second, bed]],
    ] as const) {
      const lines = `[127.0.0.1]:${hop(at).port} ${other}\n${await readFile(await pin(...rest), 'utf8')}`
      await writeFile(changed, lines)
      expect(await failing(jump, { knownHosts: changed })).toMatchObject({
        code: 'host-key-changed',
        message: expect.stringMatching(new RegExp(`jump host ${text(hop(at))}.*SHA256:`)),
      })
    }
  })

  test('nobody listens there, or its name is not known', async () => {
    const closed = { ...hop(first), port: 1 }
    for (const [jump, at] of [
      [[closed], closed],
      [[closed, hop(second)], closed],
    ] as const)
      expect(await failing(jump)).toMatchObject({
        code: 'connection-refused',
        message: names(at),
        hint: expect.stringContaining('source.jump'),
      })
    const nameless = { ...hop(first), host: 'no-such-host.invalid' }
    for (const jump of [[nameless], [nameless, hop(second)]])
      expect(await failing(jump)).toMatchObject({
        code: 'host-unresolvable',
        message: names(nameless),
        hint: expect.stringContaining('source.jump'),
      })
  })

  test('it cannot reach the next one', async () => {
    const closed = { ...hop(first), port: 1 }
    for (const [jump, change] of [
      [[hop(first)], { port: 1 }],
      [[hop(first), closed], {}],
    ] as const)
      expect(await failing(jump, change)).toMatchObject({
        code: 'jump-refused',
        message: names(hop(first)),
        hint: expect.stringContaining('source.jump'),
      })
  })

  test('it refuses our key', async () => {
    for (const [jump, at] of [
      [[hop(first)], first],
      [[hop(first), hop(second)], second],
    ] as const) {
      const keys = join(at.folder, 'keys', 'authorized_keys')
      const kept = await readFile(keys, 'utf8')
      await writeFile(keys, '')
      expect(await failing(jump)).toMatchObject({
        code: 'key-refused',
        message: names(hop(at)),
        hint: expect.stringMatching(
          /: restrict,port-forwarding,permitopen="[^"]+:\d+",command="\/bin\/false" ssh-ed25519 \S+\. /,
        ),
      })
      await writeFile(keys, kept)
    }
  })

  test('it is silent: it is named where that can be known, else all that may be it are', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => sockets.push(socket))
    const port = await listening(server)
    try {
      const silent = { ...hop(first), port }
      const quick = (jump: readonly Hop[], change: Partial<SshPlace> = {}): Promise<unknown> =>
        bed
          .open({ jump, knownHosts: pinned, ...change }, 2)
          .list(quietRun())
          .catch((error: Failure) => error)
      for (const jump of [[silent], [silent, hop(second)]])
        expect(await quick(jump)).toMatchObject({
          code: 'source-silent',
          message: names(silent),
          hint: expect.stringContaining('source.jump'),
          retryable: true,
        })
      const some = await quick([hop(first), silent])
      for (const one of [`${bed.sshd!.host} (port`, text(hop(first)), text(silent)])
        expect(some).toMatchObject({ code: 'source-silent', message: expect.stringContaining(one) })
      const source = await quick([hop(first)], { port })
      expect(source).toMatchObject({
        code: 'source-silent',
        message: expect.stringMatching(/it is silent, or a jump host/),
      })
    } finally {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  })

  test('it hangs up on us before it says who it is', async () => {
    const server = createServer((socket) => socket.destroy())
    const port = await listening(server)
    try {
      const rude = { ...hop(first), port }
      for (const jump of [[rude], [rude, hop(second)], [hop(first), rude]])
        expect(await failing(jump)).toMatchObject({ code: 'connection-lost', message: names(rude) })
      const source = await failing([hop(first)], { port })
      expect(source).toMatchObject({
        code: 'connection-lost',
        message: expect.not.stringContaining('jump host'),
      })
    } finally {
      server.close()
    }
  })

  // When it sees the reset, ssh at times says nothing about it: then the first jump host itself is asked who it is.
  test('it resets the connection before it says who it is, or after that, which looks as if the next one did', async () => {
    const before = createServer((socket) => socket.resetAndDestroy())
    const after = createServer((socket) => {
      socket.on('error', () => {})
      socket.write('SSH-2.0-Rude\r\n')
      socket.once('data', () => socket.resetAndDestroy())
    })
    const closed = 'kex_exchange_identification: Connection closed by remote host\r\n'
    const mute = (jump: readonly Hop[]): Promise<Failure | null> =>
      bySsh(
        bed.place({ jump }) as SshPlace,
        { code: 255, stderr: closed.repeat(jump.length) },
        new AbortController().signal,
      )
    try {
      for (const server of [before, after]) {
        const rude = { ...hop(first), port: await listening(server) }
        for (const jump of [[rude], [rude, hop(second)]])
          for (const fault of [await failing(jump), await mute(jump)])
            expect(fault).toMatchObject({
              code: 'connection-lost',
              ...(server === before
                ? { message: names(rude) }
                : { hint: expect.stringContaining(`Or the jump host ${text(rude)} broke`) }),
            })
      }
    } finally {
      before.close()
      after.close()
    }
  })

  test('AllowTcpForwarding no', async () => {
    const strict = await makeSourceBed('ssh', { command: null, config: ['AllowTcpForwarding no'] })
    try {
      const ours = await readFile(`${bed.sshd!.identity}.pub`, 'utf8')
      await writeFile(join(strict.folder, 'keys', 'authorized_keys'), ours)
      for (const jump of [[hop(strict)], [hop(first), hop(strict)], [hop(strict), hop(second)]])
        expect(await failing(jump, { knownHosts: await pin(first, second, strict, bed) })).toMatchObject({
          code: 'jump-refused',
          message: names(hop(strict)),
          hint: expect.stringContaining('AllowTcpForwarding'),
        })
    } finally {
      await strict.end()
    }
  })
})

test.each([
  [
    'an account without a shell',
    'echo This account is currently not available.; exit 1',
    'This account is currently not available.',
    /usermod -s/,
  ],
  ['a login script that prints', 'echo; echo Welcome; exec rrsync -ro /tmp', 'Welcome', /\.bashrc/],
  [
    'sftp only',
    'echo This service allows sftp connections only.; exit 1',
    'This service allows sftp',
    /internal-sftp/,
  ],
  ['something else', 'echo Hello from a switch', 'Hello from a switch', /rrsync -ro DIR/],
])('what answers in place of rsync is shown: %s', async (_, command, said, hint) => {
  const bed = await makeSourceBed('ssh', { command })
  try {
    const failure = await bed
      .open()
      .list(quietRun())
      .catch((error: Failure) => error)
    expect(failure).toMatchObject({
      code: 'garbage-from-source',
      message: expect.stringContaining(`It said: ${said}`),
      hint: expect.stringMatching(hint),
    })
  } finally {
    await bed.end()
  }
})

describe.each([
  ['has no rsync', 'sh -c \'echo "sh: 1: rsync: not found" >&2; exit 127\'', 'rsync-missing-at-source'],
  ['has no rrsync', 'no-such-rrsync -ro /', 'rrsync-missing'],
  ['says garbage', 'head -c 100000 /dev/urandom', 'garbage-from-source'],
  ['greets before rsync speaks', 'echo Welcome; exec rrsync -ro /tmp', 'garbage-from-source'],
  [
    'has an account without a shell',
    'echo This account is currently not available.; exit 1',
    'garbage-from-source',
  ],
  ['offers sftp only', 'internal-sftp', 'garbage-from-source'],
  ['hangs up', 'true', 'source-hung-up'],
  ['is write-only', 'rrsync -wo /tmp', 'refused-by-rrsync'],
  // Whether ssh or rsync sees the end first is chance.
  ['closes the connection', 'kill -9 $PPID; sleep 9', 'connection-lost or source-hung-up'],
  ['says nothing', 'sleep 1000', 'source-silent'],
  ['lists for ever', 'cat /dev/zero', 'garbage-from-source'],
])('a source that %s', (_, command, code) => {
  test(`is told as ${code}`, async () => {
    const bed = await makeSourceBed('ssh', { command })
    try {
      expect(code.split(' or ')).toContain(await listed(bed, {}, 3))
    } finally {
      await bed.end()
    }
  })
})

test('a source that never shows its banner', async () => {
  const bed = await makeSourceBed('local')
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket))
  const port = await listening(server)
  const real = await makeSourceBed('ssh')
  try {
    const place = { ...(real.place() as SshPlace), port }
    const { openSource } = await import('../../src/source/open-source.ts')
    const failure = await openSource(place, { transferTimeout: 2 })
      .list(quietRun())
      .catch((error: Failure) => error)
    expect(failure).toMatchObject({ code: 'source-silent', retryable: true })
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
    await bed.end()
    await real.end()
  }
})

test('what the account may not read is told one by one, and makes the listing incomplete', async () => {
  const asNobody = process.getuid?.() === 0 ? 'setpriv --reuid=65534 --regid=65534 --clear-groups ' : ''
  const bed = await makeSourceBed('ssh')
  try {
    await chmod(bed.folder, 0o755)
    const { readFile } = await import('node:fs/promises')
    const keys = join(bed.folder, 'keys', 'authorized_keys')
    await writeFile(keys, (await readFile(keys, 'utf8')).replace('command="', `command="${asNobody}`))
    await writeFile(join(bed.served, 'a.tar'), 'abc')
    await writeFile(join(bed.served, 'secret.tar'), 'abc')
    await chmod(join(bed.served, 'secret.tar'), 0)
    await mkdir(join(bed.served, 'closed'))
    await chmod(join(bed.served, 'closed'), 0)
    await mkdir(join(bed.served, 'lost+found'))
    await chmod(join(bed.served, 'lost+found'), 0)
    const source = bed.open()
    const listing = await source.list(quietRun())
    expect(listing.completeness).toBe('incomplete')
    expect(listing.problems).toHaveLength(1)
    expect(listing.problems[0]).toMatchObject({ code: 'folder-unreadable' })
    expect(listing.problems[0]!.message).toContain('closed')
    const report = await bed.pull(source, [
      ['a.tar', 3],
      ['secret.tar', 3],
    ])
    expect(report).toMatchObject({ ended: 'partial', problems: [{ code: 'unreadable', path: 'secret.tar' }] })
    const list = bed.open({ listing: 'secret.tar' as RelPath })
    const failed = await list
      .fetch({ list: true, markers: [], listed: listing }, quietRun())
      .catch((e: Failure) => e)
    expect(failed).toMatchObject({ code: 'list-unreadable' })
    await chmod(join(bed.served, 'closed'), 0o755)
    await chmod(bed.served, 0)
    expect(await listed(bed)).toBe('path-unreadable')
    await chmod(bed.served, 0o755)
  } finally {
    await bed.end()
  }
})

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as { port: number }).port
}
