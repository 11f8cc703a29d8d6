import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Failure } from '../../src/model/failure.ts'
import type { Listing } from '../../src/model/listing.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { SshPlace } from '../../src/model/spec.ts'
import { openSource } from '../../src/source/open-source.ts'
import { withoutMux } from '../../src/source/run-rsync.ts'
import { makeSocketFolder } from '../../src/system/socket-folder.ts'
import { descendants, killAll, until } from '../helpers/fault-processes.ts'
import { makeSourceBed, quietRun, type SourceBed } from '../helpers/source-bed.ts'

/** As a pass opens it. */
const opened = (bed: SourceBed, change: Partial<SshPlace> = {}) =>
  openSource(bed.place(change), { transferTimeout: 60 })
const logins = () =>
  descendants(process.pid).filter(({ program, pid, group }) => program === 'ssh' && pid === group)
const names = ({ files }: Listing): readonly string[] => [...files.keys()]
/** Folders of our sockets. */
const ownFolders = async (): Promise<readonly string[]> => {
  const roots = [process.env['XDG_RUNTIME_DIR'], '/tmp'].filter((root) => root !== undefined)
  const names = await Promise.all(roots.map((root) => readdir(root)))
  return names.flat().filter((name) => name.startsWith(`reconcile-ssh-${process.pid}-`))
}
/** Connections that reached sshd, let in or not. */
const connections = async (bed: SourceBed): Promise<number> =>
  (await readFile(bed.sshd!.log, 'utf8')).match(/^Connection from /gm)?.length ?? 0

describe('sessions of one piece of work', () => {
  let bed: SourceBed
  beforeAll(async () => {
    bed = await makeSourceBed('ssh')
    await writeFile(join(bed.served, 'a.tar'), 'abc')
  })
  afterAll(() => bed.end())

  test('share one login, of which nothing is left afterwards', async () => {
    const before = bed.sshd!.countSessions()
    const source = opened(bed)
    await source.connected(async () => {
      const listed = await source.list(quietRun())
      const file = { path: 'a.tar' as RelPath, size: 3 }
      expect((await source.look([file], { digests: true }, quietRun())).size).toBe(1)
      expect((await bed.pull(source, [['a.tar', 3]])).ended).toBe('done')
      expect(names(listed)).toEqual(['a.tar'])
      expect(logins()).toHaveLength(1)
    })
    expect(bed.sshd!.countSessions() - before).toBe(1)
    expect(logins()).toEqual([])
    expect(await ownFolders()).toEqual([])
  })

  test('log in again once it is gone, and share that', async () => {
    const before = bed.sshd!.countSessions()
    const source = opened(bed)
    await source.connected(async () => {
      await source.list(quietRun())
      killAll(logins().map(({ pid }) => pid))
      await until(async () => (await ownFolders()).length === 0)
      for (let i = 0; i < 2; i++) expect(names(await source.list(quietRun()))).toEqual(['a.tar'])
    })
    expect(bed.sshd!.countSessions() - before).toBe(2)
  })

  test('a key that is refused is refused once', async () => {
    const identity = join(bed.folder, 'other')
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', identity])
    const before = await connections(bed)
    const source = opened(bed, { identity })
    const refused = await source.connected(() => source.list(quietRun())).catch((error: Failure) => error)
    expect(refused).toMatchObject({ code: 'key-refused' })
    expect((await connections(bed)) - before).toBe(1)
  })

  test('there is none where nothing is asked', async () => {
    const before = await connections(bed)
    const source = opened(bed)
    expect(await source.connected(() => source.look([], { digests: false }, quietRun()))).toEqual(new Map())
    expect(await connections(bed)).toBe(before)
  })
})

test('a source that takes one session a login lets the others log in by themselves, and nothing is said of it', async () => {
  const bed = await makeSourceBed('ssh', { command: null, config: ['MaxSessions 1'] })
  try {
    const source = opened(bed)
    await writeFile(join(bed.served, 'a.tar'), 'abc')
    // All but the first begin only once all have come.
    const [keys, come] = [join(bed.folder, 'keys', 'authorized_keys'), join(bed.folder, 'come')]
    const forced = `echo >> ${come}; [ $(wc -l < ${come}) = 1 ] || until [ $(wc -l < ${come}) = 4 ]; do sleep 0.05; done; exec rrsync -ro ${bed.served}`
    await writeFile(keys, `restrict,command="${forced}" ${await readFile(keys, 'utf8')}`)
    await source.connected(async () => {
      await source.list(quietRun())
      const listings = await Promise.all([1, 2, 3].map(() => source.list(quietRun())))
      for (const listing of listings) {
        expect(names(listing)).toEqual(['a.tar'])
        expect(listing).toMatchObject({ completeness: 'complete', problems: [] })
      }
    })
    // One more where sshd has not yet seen the end of the first.
    expect(bed.sshd!.countSessions()).toBeGreaterThan(2)
  } finally {
    await bed.end()
  }
})

test('what ssh says of a login that is gone or full is no word of the source', () => {
  const said = [
    'mux_client_request_session: session request failed: Session open refused by peer\r',
    'Control socket connect(/tmp/reconcile-ssh-1-abcdef/s): Connection refused\r',
    'ControlSocket /tmp/reconcile-ssh-1-abcdef/s already exists, disabling multiplexing\r',
    'rsync: [sender] change_dir "/srv" failed: No such file or directory (2)',
    'channel 3: open failed: administratively prohibited: open failed\r',
    'muxclient: master hello exchange failed',
  ]
  expect(withoutMux(said.join('\n')).trim()).toBe(said[3])
})

describe('a folder for a socket', () => {
  const runtime = process.env['XDG_RUNTIME_DIR']
  let root: string
  const roots: string[] = []
  const at = async (name: string): Promise<void> => {
    root = await mkdtemp(`/tmp/${name}-`)
    roots.push(root)
    process.env['XDG_RUNTIME_DIR'] = root
  }
  afterEach(async () => {
    if (runtime === undefined) delete process.env['XDG_RUNTIME_DIR']
    else process.env['XDG_RUNTIME_DIR'] = runtime
    for (const one of roots.splice(0)) await rm(one, { recursive: true })
  })

  test('is private, and gone when it is removed', async () => {
    await at('sockets')
    const made = await makeSocketFolder()
    const folder = dirname(made!.socket)
    expect(dirname(folder)).toBe(root)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    await made!.remove()
    expect(existsSync(folder)).toBe(false)
  })

  test('is swept once its process is gone, and not before', async () => {
    await at('sockets')
    const mine = await makeSocketFolder()
    const ended = execa('true')
    await ended
    const gone = join(root, `reconcile-ssh-${ended.pid}-abcdef`)
    const stays = [`reconcile-ssh-${process.ppid}-abcdef`, 'reconcile-other'].map((name) => join(root, name))
    for (const folder of [gone, ...stays]) await mkdir(folder)
    await writeFile(join(gone, 's'), '')
    const next = await makeSocketFolder()
    expect(existsSync(gone)).toBe(false)
    for (const folder of [dirname(mine!.socket), ...stays]) expect(existsSync(folder)).toBe(true)
    for (const made of [mine!, next!]) await made.remove()
  })

  test('is elsewhere where its path would be longer than the kernel takes, or others could put theirs in its place', async () => {
    for (const make of [
      () => at('long'.repeat(20)),
      async () => {
        await at('open')
        await chmod(root, 0o777)
      },
    ]) {
      await make()
      const made = await makeSocketFolder()
      expect(made!.socket).toMatch(/^\/tmp\/reconcile-ssh-/)
      await made!.remove()
    }
  })
})
