import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { InvalidArgumentError } from 'commander'
import { parseFlag } from '../../src/commands/argv/parse-flag.ts'
import { readFingerprint } from '../../src/decide/add/fingerprint.ts'
import { readSavedPlan } from '../../src/decide/documents/read-saved-plan.ts'
import { firstWords, isAccepted } from '../../src/decide/notices/messages.ts'
import { guessSeries } from '../../src/decide/retention/guess-series.ts'
import { parsePattern } from '../../src/decide/retention/parse-pattern.ts'
import { cronAfter } from '../../src/decide/time/next-run.ts'
import { isZone } from '../../src/decide/time/zone.ts'
import type { Disk } from '../../src/destination/disk/disk.ts'
import { emptyBook, enter } from '../../src/destination/ledger/book.ts'
import { readChain } from '../../src/destination/ledger/chain.ts'
import { BEGINNING, openLine, sealLine } from '../../src/destination/ledger/line.ts'
import { readSeen } from '../../src/destination/look/seen-line.ts'
import { parseJson } from '../../src/model/check-json.ts'
import { Failure } from '../../src/model/failure.ts'
import { instant } from '../../src/model/instant.ts'
import type { LedgerEvent } from '../../src/model/ledger-event.ts'
import { isMountPoint, mountOf } from '../../src/model/mount-table.ts'
import { parseMarker } from '../../src/model/parse-marker.ts'
import { parseStatus } from '../../src/model/parse-status.ts'
import { pathFault, type RelPath } from '../../src/model/rel-path.ts'
import { explainLines } from '../../src/source/explain-lines.ts'
import { followPull } from '../../src/source/follow-pull.ts'
import { parseListFile } from '../../src/source/parse-list-file.ts'
import { parseListing } from '../../src/source/parse-listing.ts'
import { parseSums } from '../../src/source/parse-sums.ts'
import { BANNERS, RSYNC_FAILURES } from '../../src/source/rsync-failures.ts'
import { fetchFailure } from '../../src/specs/git/fetch-failure.ts'
import { gitFiles } from '../../src/specs/git/files.ts'
import { gitPlace } from '../../src/specs/git/place.ts'
import { readGitRef } from '../../src/specs/git/ref.ts'
import { readGitUrl, withoutSecrets } from '../../src/specs/git/url.ts'
import { readSettings } from '../../src/specs/settings/read.ts'
import { readAddress } from '../../src/specs/spec/address.ts'
import { readHosts } from '../../src/specs/spec/hosts.ts'
import { readDefaults, readSpec } from '../../src/specs/spec/read.ts'
import { cronFault } from '../../src/specs/spec/text-faults.ts'
import { parseDuration, parsePeriod, parseRate, parseRhythm, parseSize } from '../../src/specs/spec/units.ts'
import { SSH_FAILURES } from '../../src/system/ssh-failures.ts'
import { escapeText } from '../../src/view/escape-text.ts'
import { safeDecode } from '../../src/watch/url-file.ts'

/** What reads bytes that others wrote. */
export interface FuzzTarget {
  readonly name: string
  /** Real ones, which others are made of. */
  readonly samples: readonly string[]
  /** Throws what it may not; what it may is told by {@link mayThrow}. */
  read(bytes: Buffer): unknown
}

/** Failures are for people; commander's is turned into a usage error. */
export const mayThrow = (error: unknown): boolean =>
  error instanceof Failure || error instanceof InvalidArgumentError

const root = join(import.meta.dirname, '../..')
const text = (path: string): string => readFileSync(join(root, path), 'utf8')
const kept = (path: string): string => text(join('test/e2e/kept', path))

const SPEC = `version: 1
name: pg
source: { host: db1.example.net, port: 222, user: foo, path: ., listing: LIST, jump: [a@b:22] }
checksum: md5
finished: { quiet: 30m }
select: { include: ["*.tar.gz"], exclude: [tmp-*], as: "{stem}-{YYYY}-{MM}-{DD}{ext}" }
series: { pattern: ["{series}-{YYYY}-{MM}-{DD}.tar.gz", "{series}-{epoch}"], timezone: Europe/Oslo }
retain: { last: 3, daily: 7, within: 14d, pick: oldest, pin: ["db-2025*"] }
destination: { path: /srv/offsite/{name}, mount: /srv/offsite, rotate: true, encrypted: required, minFree: 10GiB }
transfer: { bandwidth: [{ days: [mon], from: "08:00", to: "18:00", rate: 25KiB/s }, { rate: off }], timezone: UTC, timeout: 60s }
schedule: { cron: "0 * * * *", timezone: UTC }
expect: [{ series: "a*", every: 24h, grace: 2h, until: 2026-12-01, reach: 365d }, { every: never }]
prune: { mode: auto, keepAtLeast: 3, minAge: 7d, trashFor: 7d }
verify: { every: 30d }
prove: { every: 90d, drill: pg }
anomaly: { size: [0.5, 2], kind: true }
acknowledge: [{ path: w.tar.gz, digest: 60303ae22b998861bce3b28f33eec1be, reason: "x" }]
suspend: { reason: "disk swap", until: 2026-12-01T00:00:00Z }
`
const SETTINGS = `git: { url: "ssh://git@host/r.git", ref: main, subpath: a, interval: 5m, verifySignatures: /etc/x }
state: /var/lib/reconcile
concurrency: 2
bandwidth: 1MiB/s
roots: [/srv]
drills: { pg: { argv: [pg_restore, -l, "{path}"], timeout: 1h } }
notify: [{ kind: ntfy, urlFile: /etc/u, on: [late] }]
heartbeat: { urlFile: /etc/b }
`
const LISTING = `drwxr-xr-x        4096 2026/11/23 18:09:18 .
-rw-r--r--     1234567 2026/11/23 18:09:18 db-2026-11-23.tar.gz
-rw-r--r--          58 2026/11/23 18:09:18 db-2026-11-23.tar.gz.md5
lrwxrwxrwx           3 2026/11/23 18:09:18 link -> a\\#012b
prw-r--r--           0 1970/01/01 00:00:00 fifo
`
const SUMS = `60303ae22b998861bce3b28f33eec1be  a.tar
60303ae22b998861bce3b28f33eec1be *./b.tar\r
MD5 (c.tar) = 60303ae22b998861bce3b28f33eec1be
\\60303ae22b998861bce3b28f33eec1be  d\\ne.tar
9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  C:\\x\\a.tar
`
const COMPLAINTS = `rsync: [sender] send_files failed to open "/srv/db/a.tar": Permission denied (13)
file has vanished: "/srv/db/a.tar"
rsync: [generator] write failed on "/x": No space left on device (28)
rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1865) [generator=3.2.7]
Permission denied (publickey).
kex_exchange_identification: Connection closed by remote host
`
const MOUNTS = `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
37 35 0:5 / /proc rw - proc proc rw
38 35 8:1 / /a\\040b rw,nosuid shared:1 - ext4 /dev/sda1 rw
`
const TREE = `100644 blob ${'a'.repeat(40)}     12\tpg.yaml\x00040000 tree ${'b'.repeat(40)}       -\tsub\x00120000 blob ${'c'.repeat(40)}      3\tl.yaml\x00`

const source = (bytes: Buffer) => ({ file: '/specs/a.yaml', text: bytes.toString() })
const under = (bytes: Buffer) => ({ source: source(bytes), fault: null })
/** A disk on which every file holds these bytes. */
const holding = (bytes: Buffer): Disk =>
  ({
    read: async (_: string, { from = 0, limit = bytes.length } = {}) => bytes.subarray(from, from + limit),
    lstat: async () => ({ kind: 'file', size: bytes.length }),
  }) as unknown as Disk

const chained = (bytes: Buffer): unknown => {
  const parsed = parseJson(bytes.toString())
  if ('fault' in parsed || typeof parsed.value !== 'object' || parsed.value === null) return null
  return openLine(Buffer.from(sealLine(parsed.value as LedgerEvent, BEGINNING, 1, instant(0)).text.trimEnd()))
}

const LISTED = {
  files: new Map([['a.tar' as RelPath, { size: 5, mtime: 1 }]]),
} as unknown as Parameters<typeof parseSums>[3]

export const fuzzTargets = (): readonly FuzzTarget[] => {
  const plain = (name: string, samples: readonly string[], read: (text: string) => unknown): FuzzTarget => ({
    name,
    samples,
    read: (bytes) => read(bytes.toString()),
  })
  const ledger = kept('destination/.reconcile/ledger.jsonl')
  const context = { home: '/root', baseName: 'a' }
  const over = { defaults: 'absent', hosts: new Map(), isLessThanBefore: false } as const
  const pulled = ['a.tar', 'b c.tar'].map((path) => ({ path: path as RelPath, size: 5, stagedBytes: 0 }))
  const place = gitPlace({ url: 'ssh://git@host/r.git' })
  return [
    {
      name: 'spec',
      samples: [SPEC, text('backups.d/postgres.yaml')],
      read: (bytes) => readSpec(source(bytes), over, context),
    },
    { name: 'defaults', samples: [SPEC], read: (bytes) => readDefaults(under(bytes)) },
    {
      name: 'hosts',
      samples: [
        'nas: { address: 10.0.0.1, port: 22, user: a, identity: /k, knownHosts: /h, jump: [a@b], protocol: 29 }\n',
      ],
      read: (bytes) => readHosts(under(bytes), '/root'),
    },
    {
      name: 'settings',
      samples: [SETTINGS],
      read: (bytes) => readSettings(source(bytes), { home: '/root', folder: '/etc' }),
    },
    {
      name: 'marker',
      samples: SUMS.split('\n'),
      read: (bytes) => [parseMarker(bytes, 'a.tar', 'md5'), parseMarker(bytes, 'a.tar', 'sha256')],
    },
    {
      name: 'list',
      samples: [SUMS, 'a.tar\n./b.tar\r\n\n../c\n'],
      read: (bytes) => parseListFile(bytes, 'LIST'),
    },
    { name: 'sums', samples: [SUMS], read: (bytes) => parseSums(bytes, 'MD5SUMS' as RelPath, 32, LISTED) },
    {
      name: 'listing',
      samples: [LISTING],
      read: (bytes) => {
        const parser = parseListing()
        for (let at = 0; at < bytes.length; at += 37) parser.hear(bytes.subarray(at, at + 37))
        for (const path of parser.end().files.keys())
          if (pathFault(path) !== null) throw new Error(`I6: ${path}`)
      },
    },
    {
      name: 'rsync’s output',
      samples: [
        '=5 a.tar\n=9 b c.tar\nskipping non-regular file "a.tar"\nb c.tar is over max-size\nLiteral data: 12 bytes\n',
      ],
      read: (bytes) => {
        const follower = followPull(pulled)
        for (let at = 0; at < bytes.length; at += 11) follower.hear(bytes.subarray(at, at + 11))
        const { bytes: sum, files } = follower.progress()
        if (!(files <= 2 && sum >= 0)) throw new Error(`${files} files, ${sum} bytes`)
      },
    },
    {
      name: 'complaints',
      samples: [COMPLAINTS],
      read: (bytes) => {
        const said = bytes.toString('latin1')
        explainLines(said, (path) => path.slice(1))
        for (const [pattern] of RSYNC_FAILURES) pattern.test(said)
        for (const [pattern] of BANNERS) pattern.test(said)
        for (const { pattern } of SSH_FAILURES) pattern.test(said)
      },
    },
    {
      name: 'ledger',
      samples: [ledger],
      read: async (bytes) => {
        const book = emptyBook()
        await readChain(holding(bytes), '/l', null, (line, at) => enter(book, line, at))
      },
    },
    {
      name: 'ledger’s line',
      samples: ledger
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/,"hash":"\w+"\}$/, '}').replace(/"seq".*"prev":"\w+",/, '')),
      read: chained,
    },
    {
      name: 'seen',
      samples: kept('destination/.reconcile/seen.jsonl')
        .trimEnd()
        .split('\n')
        .map((line) => line.slice(9)),
      read: (bytes) => {
        const sum = crc32(bytes).toString(16).padStart(8, '0')
        readSeen(Buffer.concat([Buffer.from('00000000 '), bytes]), new Map())
        // With the right sum it is trusted to be ours; half a line is never one.
        if (bytes.length < 2) readSeen(Buffer.concat([Buffer.from(`${sum} `), bytes]), new Map())
      },
    },
    plain('status', [kept('destination/.reconcile/status.json')], (said) => {
      const parsed = parseJson(said)
      return 'value' in parsed ? parseStatus(parsed.value) : null
    }),
    plain('plan', [kept('plan.json')], readSavedPlan),
    plain('cron', ['0 * * * *', '*/5 1-3 L * mon#2', '@daily', '0 0 29 2 *'], (said) => {
      if (cronFault(said) === null) cronAfter(said, 'Europe/Oslo', instant(1_790_000_000_000))
    }),
    plain(
      'units',
      ['1h30m', '25KiB/s', '10 GiB', '365d', 'never', '1.5 Mbit/s', '2026-11-24T06:00:00Z'],
      (said) => {
        for (const parse of [parseDuration, parsePeriod, parseRate, parseRhythm, parseSize]) parse(said)
        isZone(said)
      },
    ),
    ...Object.entries(parseFlag).map(([name, parse]) =>
      plain(
        `--${name}`,
        ['1h', '25KiB/s', '2', '2026-11-24T06:00:00Z', '2026-11-24T06:00:00.5+01:00'],
        parse,
      ),
    ),
    plain(
      'names',
      [
        'db-2026-11-23T18:09:18.tar.gz',
        '{series}-{YYYY}-{MM}-{DD}.tar',
        'a@[::1]:22',
        'user@host:path',
        'sub/23.Nov.2026/x',
      ],
      (said) => {
        pathFault(said)
        parsePattern(said)
        guessSeries('UTC')(said)
        readAddress(said)
        readFingerprint(said)
        escapeText(said)
      },
    ),
    plain(
      'git’s words',
      ['https://user:pw@host:8443/a/b.git?x=1', 'git@host:a/b', 'refs/heads/main', 'file:///srv/r'],
      (said) => {
        readGitUrl(said)
        readGitRef(said)
        withoutSecrets(said)
        safeDecode(said)
      },
    ),
    {
      name: 'git’s failures',
      samples: [`fatal: repository not found\nremote: HTTP Basic: Access denied\n${COMPLAINTS}`],
      read: (bytes) =>
        fetchFailure(place, {
          cause: 'itself',
          code: 128,
          endedBy: null,
          stdout: bytes,
          stderr: bytes.toString('latin1'),
        }),
    },
    {
      name: 'git’s tree',
      samples: [TREE, `${'a'.repeat(40)} blob 3\nabc\n`],
      read: (bytes) =>
        gitFiles(
          {
            run: async () => ({ cause: 'itself', code: 0, endedBy: null, stdout: bytes, stderr: '' }),
            commitOf: async () => null,
          } as unknown as Parameters<typeof gitFiles>[0],
          'a'.repeat(40),
          '',
          'label',
        ),
    },
    plain(
      'answers',
      ['{"ok":true,"description":"x"}', '<html><title>404</title><p>no', '{"status":1}'],
      (said) => {
        firstWords(said)
        for (const kind of ['webhook', 'slack', 'telegram', 'ntfy', 'pushover'] as const)
          isAccepted(kind as never, said)
      },
    ),
    plain('mounts', [MOUNTS], (said) => [mountOf(said, '/a b/c'), isMountPoint(said, '/proc')]),
  ]
}
