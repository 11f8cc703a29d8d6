import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { runDrill } from '../../src/restore/drill.ts'
import { readSettings } from '../../src/specs/settings/read.ts'
import { blocksIn } from '../house/documented.ts'

/** The ready-made drills of docs/drills.md, each on the real thing, and on a damaged one. */
const text = blocksIn('docs/drills.md', 'yaml').at(-1)!
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drills-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

const drills = () => {
  const source = {
    file: 'config.yaml',
    text: text.replace('/etc/reconcile/keys/restic', join(folder, 'password')),
  }
  const { written, faults } = readSettings(source as never, { home: '/root', folder: '/' })
  expect(faults).toEqual([])
  return written.drills!
}

async function drill(name: string, file: string): Promise<string | null> {
  const path = join(folder, file)
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex') as never
  const scratch = join(folder, 'scratch')
  const files = [{ path: file, from: path, size: 0, digests: { sha256 }, mtime: null }]
  const request = { drill: drills().find((one) => one.name === name)!, files, scratch }
  const { why } = await runDrill(request, new AbortController().signal)
  expect(await readdir(scratch)).toEqual([])
  return why
}

const isHere = async (program: string): Promise<boolean> =>
  (await execa('which', [program], { reject: false })).exitCode === 0
const hasPostgres = existsSync('/usr/lib/postgresql')

/** What makes a backup of each kind in `folder`, and what it needs. */
const MADE: Readonly<Record<string, { readonly needs: () => Promise<boolean>; readonly make: string }>> = {
  tar: { needs: () => isHere('tar'), make: 'seq 99999 > a; tar -czf X a' },
  gzip: { needs: () => isHere('gzip'), make: 'seq 99999 | gzip > X' },
  'pg-list': { needs: async () => hasPostgres && (await isHere('pg_restore')), make: 'cp pg.dump X' },
  pg: { needs: async () => hasPostgres && (await isHere('pg_restore')), make: 'cp pg.dump X' },
  sqlite: {
    needs: () => isHere('sqlite3'),
    make: `sqlite3 X "create table t(a); create index i on t(a); with recursive n(i) as (select 1 union all select i+1 from n where i<20000) insert into t select i from n"`,
  },
  restic: {
    needs: () => isHere('restic'),
    make: 'echo secret > password; seq 99999 > a; restic --no-cache -q -p password -r repo init; restic --no-cache -q -p password -r repo backup a; tar -czf X -C repo .',
  },
}

const PG_DUMP = `
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1); home=$(mktemp -d /tmp/made-pg.XXXXXX); as=
if [ "$(id -u)" = 0 ]; then chown postgres "$home"; as='runuser -u postgres --'; fi
out=$PWD/pg.dump; cd "$home"
$as "$bin/initdb" -D "$home/db" -A trust -U postgres >/dev/null
$as "$bin/pg_ctl" -D "$home/db" -w -l "$home/log" -o "-k $home -c listen_addresses='' -c fsync=off" start >/dev/null
psql -h "$home" -U postgres -qc 'create table t as select generate_series(1, 20000) as a' postgres
pg_dump -h "$home" -U postgres -Fc postgres > "$out"
$as "$bin/pg_ctl" -D "$home/db" -m immediate -w stop >/dev/null; rm -rf "$home"`

test('the document has these drills', () => {
  expect(Object.keys(parse(text).drills).sort()).toEqual(Object.keys(MADE).sort())
})

test.each(Object.entries(MADE))(
  '%s: content with a sound backup, not with a damaged one',
  async (name, { needs, make }) => {
    if (!(await needs())) {
      console.warn(`skipped: what the drill ${name} needs is not installed here`)
      return
    }
    const shell = (code: string) => execa('sh', ['-euc', code], { cwd: folder, env: { HOME: folder } })
    if (make.includes('pg.dump') && !existsSync(join(folder, 'pg.dump'))) await shell(PG_DUMP)
    await shell(make.replaceAll('X', `${name}.x`))
    expect(await drill(name, `${name}.x`)).toBeNull()
    const bytes = await readFile(join(folder, `${name}.x`))
    // Of a list of contents, only its beginning is read.
    const at = name === 'pg-list' ? 1 : bytes.length >> 1
    bytes.fill(0x5a, at, at + 600)
    await writeFile(join(folder, `bad-${name}`), bytes)
    expect(await drill(name, `bad-${name}`)).toMatch(/^exit code \d+/)
  },
  60_000,
)
