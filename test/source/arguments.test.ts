import { execa } from 'execa'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RelPath, toRelPath } from '../../src/model/rel-path.ts'
import type { SshPlace } from '../../src/model/spec.ts'
import {
  fetchAllArguments,
  fetchArguments,
  listArguments,
  namesOnStdin,
  pullArguments,
} from '../../src/source/rsync-command.ts'
import { LEGACY_ALGORITHMS, rshOption, sshCommand } from '../../src/source/ssh-command.ts'

const PLACE: SshPlace = {
  kind: 'ssh',
  host: 'db1.example.net',
  port: 222,
  user: 'foo',
  path: '.',
  identity: '/etc/reconcile/keys/db1',
  knownHosts: '/etc/reconcile/known_hosts',
  jump: [],
  listing: null,
  protocol: null,
  algorithms: 'default',
}
const MODERN = { aes: true, legacy: null }
const text = fc.string({ unit: 'grapheme', maxLength: 30 })
const place = fc
  .record({
    path: text,
    identity: text.map((name) => `/${name}`),
    knownHosts: text.map((name) => `/${name}`),
  })
  .map((change): SshPlace => ({ ...PLACE, ...change }))

/** rsync's own splitting of `-e`, after main.c. */
function splitLikeRsync(command: string): readonly string[] {
  const words: string[] = []
  for (let i = 0; i < command.length; i++) {
    if (command[i] === ' ') continue
    let word = ''
    let quote = ''
    for (; i < command.length && (command[i] !== ' ' || quote !== ''); ) {
      const char = command[i]!
      if (char === "'" || char === '"') {
        if (quote === '') {
          quote = char
          i++
          continue
        }
        if (char === quote && command[++i] !== quote) {
          quote = ''
          continue
        }
      }
      word += command[i++]!
    }
    words.push(word)
  }
  return words
}

describe('ssh', () => {
  test('every word of it reaches ssh as it is, whatever a spec holds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).filter((word) => !word.includes('\0'))),
        (words) => {
          expect(splitLikeRsync(rshOption(words))).toEqual(words)
        },
      ),
    )
  })

  test('paths stay in their place or are refused', () => {
    fc.assert(
      fc.property(place, (spec) => {
        let words: readonly string[]
        try {
          words = sshCommand(spec, MODERN)
        } catch (error) {
          expect(error).toMatchObject({ code: 'unusable-setting' })
          return
        }
        const plain = sshCommand(PLACE, MODERN)
        expect(words).toHaveLength(plain.length)
        expect(words[words.indexOf('-i') + 1]).toBe(spec.identity.replaceAll('%', '%%'))
        const differing = words.filter((word, i) => word !== plain[i])
        expect(differing.length).toBeLessThanOrEqual(2)
      }),
    )
  })

  test.each([
    ['host', '-oProxyCommand=sh'],
    ['host', 'a b'],
    ['host', ''],
    ['user', '-l'],
    ['user', 'a@b'],
  ])('%s %j is refused', (key, value) => {
    expect(() => sshCommand({ ...PLACE, [key]: value }, MODERN)).toThrow(
      expect.objectContaining({ code: 'unusable-setting' }),
    )
  })

  test('asks nobody, reads nothing, trusts only what is pinned, and dies with rsync', () => {
    const words = sshCommand(PLACE, MODERN).join(' ')
    for (const part of [
      'setpriv --pdeathsig KILL ssh -F none -T -x -a -e none',
      'BatchMode=yes',
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      'StrictHostKeyChecking=yes',
      'UserKnownHostsFile="/etc/reconcile/known_hosts"',
      'GlobalKnownHostsFile=/dev/null',
      'ProxyCommand=none',
      'Ciphers=^aes128-gcm@openssh.com',
      '-p 222',
    ])
      expect(words).toContain(part)
  })

  test.each([
    ['now', MODERN, []],
    [
      'over two hops',
      MODERN,
      [
        { user: 'a', host: 'gate', port: 22 },
        { user: 'b', host: '::1', port: 23 },
      ],
    ],
  ])('real ssh understands it: %s', async (_, abilities, jump) => {
    const [, , , ssh, ...words] = sshCommand({ ...PLACE, identity: '/a %b/key', jump }, abilities)
    const { stdout } = await execa(ssh!, ['-G', ...words, 'foo@db1'])
    expect(stdout).toMatch(/^port 222$/m)
    expect(stdout).toMatch(/^stricthostkeychecking true$/m)
    expect(stdout).toContain('userknownhostsfile /etc/reconcile/known_hosts')
    if (jump.length > 0) expect(stdout).toMatch(/^proxycommand setpriv .*-W db1.example.net:222 ::1$/m)
  })

  test('real ssh understands what is left of legacy algorithms', async () => {
    const { probeSsh } = await import('../../src/source/probe-ssh.ts')
    const abilities = await probeSsh(true)
    expect(abilities.legacy!.ciphers.length).toBeGreaterThan(0)
    for (const name of abilities.legacy!.hostKeys) expect(LEGACY_ALGORITHMS.hostKeys).toContain(name)
    const [, , , ssh, ...words] = sshCommand({ ...PLACE, algorithms: 'legacy' }, abilities)
    const { stdout } = await execa(ssh!, ['-G', ...words, 'foo@db1'])
    expect(stdout).toMatch(/^kexalgorithms .*diffie-hellman-group14-sha1/m)
  })
})

describe('rsync', () => {
  const all = (spec: SshPlace): readonly (readonly string[])[] => {
    const ssh = ['ssh']
    const into = '/srv/x/.reconcile/staging'
    return [
      listArguments({ place: spec, ssh }),
      fetchArguments({ place: spec, ssh }, { maxSize: 1, into }),
      fetchAllArguments({ place: spec, ssh }, { maxSize: 1, into, also: [], except: [] }),
      pullArguments({ place: spec, ssh }, { mode: 'append', maxSize: 1, rate: 25, into }),
      pullArguments({ place: spec, ssh }, { mode: 'mend', maxSize: 1, rate: null, into }),
    ]
  }

  test('a path in a spec is one argument, no option and no daemon module', () => {
    fc.assert(
      fc.property(text, (path) => {
        const plain = all(PLACE)
        all({ ...PLACE, path }).forEach((words, i) => {
          expect(words).toHaveLength(plain[i]!.length)
          const changed = words.filter((word, j) => word !== plain[i]![j])
          const start = `foo@db1.example.net:${path.startsWith('/') ? '/' : './'}`
          for (const word of changed) expect(word.startsWith(start)).toBe(true)
        })
      }),
    )
  })

  test('a name from a source goes over stdin, and can be neither option, comment nor two names', () => {
    const path = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .map(toRelPath)
      .filter((name) => name !== null)
    fc.assert(
      fc.property(fc.array(path), (paths) => {
        const names = namesOnStdin(paths).split('\0')
        expect(names.pop()).toBe('')
        expect(names).toEqual(paths.map((name) => `./${name}`))
      }),
    )
  })

  test('a name in a filter is one argument and matches itself alone', () => {
    const path = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .map(toRelPath)
      .filter((name) => name !== null)
    fc.assert(
      fc.property(path, (name) => {
        const words = fetchAllArguments(
          { place: PLACE, ssh: ['ssh'] },
          {
            maxSize: 1,
            into: '/x',
            also: [name],
            except: [name],
          },
        )
        const plain = fetchAllArguments(
          { place: PLACE, ssh: ['ssh'] },
          {
            maxSize: 1,
            into: '/x',
            also: ['a' as RelPath],
            except: ['a' as RelPath],
          },
        )
        expect(words).toHaveLength(plain.length)
        for (const word of words.filter((word, i) => word !== plain[i]))
          expect(word).toMatch(/^--(in|ex)clude=\//)
      }),
    )
  })

  test('no call takes links, devices, owners, compression or incremental recursion, or trusts the sender', () => {
    for (const words of all(PLACE)) {
      expect(words).toEqual(
        expect.arrayContaining([
          '--no-links',
          '--no-devices',
          '--no-specials',
          '--no-perms',
          '--no-owner',
          '--no-group',
          '--no-compress',
          '--no-inc-recursive',
        ]),
      )
      expect(words).not.toContain('--trust-sender')
    }
  })

  test('a pull appends or mends in place, capped', () => {
    const pull = (mode: 'append' | 'mend', spec = PLACE): string =>
      pullArguments({ place: spec, ssh: ['ssh'] }, { mode, maxSize: 77, rate: 25, into: '/x' }).join(' ')
    expect(pull('append')).toMatch(
      /--inplace --no-whole-file --append-verify --max-size=77 --info=skip --bwlimit=25 /,
    )
    expect(pull('mend')).toMatch(/--inplace --no-whole-file -I /)
    expect(pull('append', { ...PLACE, protocol: 29 })).not.toContain('append')
  })

  test('what an old peer is told, it knows', async () => {
    const words = pullArguments(
      { place: { ...PLACE, protocol: 29 }, ssh: ['sh', '-c', 'echo "$@" >&2', '-'] },
      {
        mode: 'append',
        maxSize: 1,
        rate: 5,
        into: '/tmp',
      },
    )
    const { stderr } = await execa('rsync', words, { reject: false, input: '' })
    expect(stderr.split('\n')[0]).toBe(
      '-l foo db1.example.net rsync --server --sender -tIR --bwlimit=5 --inplace --files-from=- --from0 . ./',
    )
  })

  test('an IPv6 host stands in brackets', () => {
    expect(listArguments({ place: { ...PLACE, host: '::1' }, ssh: ['ssh'] }).at(-1)).toBe('foo@[::1]:./')
  })
})
