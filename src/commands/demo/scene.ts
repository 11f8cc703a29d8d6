import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, realpath, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ThrowawaySource } from './source.ts'

/** The folder the demo plays in, and the names of what matters in it. Folders are absolute, names are bare. */
export type DemoScene = Awaited<ReturnType<typeof demoScene>>

const KIB = 1024
const MIB = 1024 * KIB
const LARGE_BYTES = 40 * MIB
const RATE = '5MiB/s'

/** Makes a private folder with a source in it: dated files, their markers and a list. `now` in milliseconds. */
export async function demoScene(now: number) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'reconcile-demo-')))
  const source = join(folder, 'source')
  await mkdir(source, { mode: 0o700 })
  await mkdir(join(folder, 'backups.d'), { mode: 0o700 })
  const day = (ago: number): string => new Date(now - ago * 86_400_000).toISOString().slice(0, 10)

  const databases = [4, 3, 2].map((ago) => `db-${day(ago)}.tar.gz`)
  const large = `media-${day(1)}.tar.gz`
  const bad = `wiki-${day(1)}.tar.gz`
  const unfinished = `db-${day(0)}.tar.gz`
  /** For people: each file of the source with a remark. */
  const cast: readonly (readonly [name: string, bytes: number, remark: string])[] = [
    ...databases.map((name) => [name, 300 * KIB, ''] as const),
    [unfinished, 200 * KIB, 'no .md5 yet: still being written'],
    [large, LARGE_BYTES, 'large: its transfer will be cut off'],
    [bad, 100 * KIB, 'its .md5 does not match'],
  ]
  for (const [name, bytes] of cast) {
    const data = randomBytes(bytes)
    const at = Date.parse(`${name.slice(-17, -7)}T00:00:00Z`) / 1000
    await writeFile(join(source, name), data)
    await utimes(join(source, name), at, at)
    if (name === unfinished) continue
    const claimed = createHash('md5')
      .update(name === bad ? 'other bytes' : data)
      .digest('hex')
    await writeFile(join(source, `${name}.md5`), `${claimed}  ${name}\n`)
    await utimes(join(source, `${name}.md5`), at, at)
  }
  await writeFile(join(source, 'LIST'), cast.map(([name]) => `${name}\n`).join(''))
  return {
    folder,
    keys: join(folder, 'keys'),
    source,
    offsite: join(folder, 'offsite'),
    spec: join(folder, 'backups.d', 'shop.yaml'),
    config: join(folder, 'etc', 'config.yaml'),
    /** Finished and sound: these must arrive. Oldest first. */
    sound: [...databases, large],
    /** One of `sound`: big enough to be interrupted. */
    large,
    /** One of `sound`: it rots at the source later. */
    rotting: databases[1]!,
    /** No `.md5` yet. */
    unfinished,
    /** Its `.md5` does not match. */
    bad,
    cast,
  }
}

/** Writes the backup's spec and the box's settings, as a sysadmin would. */
export async function declareBackup(scene: DemoScene, at: ThrowawaySource): Promise<void> {
  await writeFile(
    scene.spec,
    `version: 1
source:
  host: ${at.host}
  port: ${at.port}
  user: ${JSON.stringify(at.user)}
  identity: ${JSON.stringify(at.identity)}
  knownHosts: ${JSON.stringify(at.knownHosts)}
  listing: LIST                 # the source lists what to fetch
select:
  include: ["*.tar.gz"]
destination:
  path: ${JSON.stringify(scene.offsite)}
  minFree: 64MiB
transfer:
  bandwidth: ${RATE}
`,
  )
  // In its own folder: no destination may be next to it.
  await mkdir(dirname(scene.config))
  const place = (name: string) => JSON.stringify(join(scene.folder, name))
  await writeFile(scene.config, `specs: ${place('backups.d')}\nstate: ${place('state')}\n`)
}

/** Lower-case hex. */
export async function md5Of(file: string): Promise<string> {
  return createHash('md5')
    .update(await readFile(file))
    .digest('hex')
}
