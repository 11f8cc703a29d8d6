import { execFile, execFileSync } from 'node:child_process'
import { createCipheriv, createHash, randomBytes, scryptSync } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A snapshot's time on its zone's wall clock, with the offset that held there then. */
export interface Snapshot {
  readonly host: string
  readonly time: string
}

interface Told {
  readonly keep: readonly { readonly hostname: string; readonly time: string }[] | null
}

/** restic cuts days by its TZ, and without these takes every TZ for UTC. */
const ZONEINFO = '/usr/share/zoneinfo/Europe/Oslo'
const PASSWORD = 'no secret'

/** restic's version as a number that sorts, 1400 for 0.14.0; null where it, or the zones it reads, are not installed. */
export function resticVersion(): number | null {
  if (!existsSync(ZONEINFO)) return null
  try {
    const told = execFileSync('restic', ['version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [, major, minor, patch] = /^restic (\d+)\.(\d+)\.(\d+)/.exec(told) ?? []
    return Number(major) * 10_000 + Number(minor) * 100 + Number(patch)
  } catch {
    return null
  }
}

/**
 * A real repository in a folder, and a way to put thousands of snapshots into it without backing anything up: their files are written
 * as restic writes them, with the key that restic tells.
 */
export async function openRestic(folder: string) {
  const repository = join(folder, 'repository')
  mkdirSync(join(folder, 'tmp'))
  const restic = async (words: readonly string[], zone = 'UTC') => {
    const { stdout } = await promisify(execFile)('restic', ['--no-cache', '--quiet', ...words], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        TMPDIR: join(folder, 'tmp'),
        TZ: zone,
        RESTIC_REPOSITORY: repository,
        RESTIC_PASSWORD: PASSWORD,
      },
    })
    return stdout
  }
  await restic(['init'])
  const text = await restic(['cat', 'masterkey'])
  const told: { readonly mac: { readonly k: string; readonly r: string }; readonly encrypt: string } =
    JSON.parse(text)
  const key = { k: base64(told.mac.k), r: base64(told.mac.r), encrypt: base64(told.encrypt) }
  const snapshots = join(repository, 'snapshots')
  refill(join(repository, 'keys'), [cheapKey(text)])

  return {
    /** Puts these in the place of what is there. */
    replace(all: readonly Snapshot[]): void {
      const texts = all.map(({ host, time }) =>
        JSON.stringify({ time, tree: '0'.repeat(64), paths: ['/data'], hostname: host, username: 'nobody' }),
      )
      refill(
        snapshots,
        texts.map((text) => seal(text, key)),
      )
    },
    /** `host time` of every snapshot it reads. */
    async list(zone: string): Promise<readonly string[]> {
      const all: Snapshots = JSON.parse(await restic(['snapshots', '--no-lock', '--json'], zone))
      return all.map(named)
    },
    /** `host time` of every snapshot that a policy keeps, each host by itself. */
    async kept(policy: readonly string[], zone: string): Promise<ReadonlySet<string>> {
      const words = ['forget', '--no-lock', '--dry-run', '--json', '--group-by', 'host', ...policy]
      const groups: readonly Told[] = JSON.parse(await restic(words, zone))
      return new Set(groups.flatMap(({ keep }) => keep ?? []).map(named))
    },
  }
}

type Snapshots = NonNullable<Told['keep']>
const named = ({ hostname, time }: Snapshots[number]): string => `${hostname} ${new Date(time).toISOString()}`

/** Empties a folder of the repository and puts these in, each named by its sha256. */
function refill(folder: string, files: readonly Buffer[]): void {
  rmSync(folder, { recursive: true })
  mkdirSync(folder)
  for (const file of files) writeFileSync(join(folder, createHash('sha256').update(file).digest('hex')), file)
}

interface Key {
  readonly encrypt: Buffer
  readonly k: Buffer
  readonly r: Buffer
}

/** A key file for the same password and master key. restic's own costs it half a second each time. */
function cheapKey(masterKey: string): Buffer {
  const cost = { N: 2, r: 8, p: 1 }
  const salt = randomBytes(64)
  const derived = scryptSync(PASSWORD, salt, 64, cost)
  const key = { encrypt: derived.subarray(0, 32), k: derived.subarray(32, 48), r: derived.subarray(48) }
  const data = seal(JSON.stringify(JSON.parse(masterKey)), key).toString('base64')
  return Buffer.from(JSON.stringify({ kdf: 'scrypt', ...cost, salt: salt.toString('base64'), data }))
}

/** As restic's design document has it: 16 bytes IV, AES-256 in counter mode, 16 bytes Poly1305-AES over what that gives. */
function seal(plain: string, { encrypt, k, r }: Key): Buffer {
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-ctr', encrypt, iv)
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  const nonce = createCipheriv('aes-128-ecb', k, null).setAutoPadding(false).update(iv)
  return Buffer.concat([iv, sealed, poly1305(sealed, r, nonce)])
}

const base64 = (text: string): Buffer => Buffer.from(text, 'base64')

/** RFC 8439, 2.5. */
function poly1305(message: Buffer, r: Buffer, s: Buffer): Buffer {
  const prime = (1n << 130n) - 5n
  const multiplier = fromLittle(r) & 0x0ffffffc0ffffffc0ffffffc0fffffffn
  let sum = 0n
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16)
    sum = ((sum + fromLittle(block) + (1n << BigInt(8 * block.length))) * multiplier) % prime
  }
  const tag = (sum + fromLittle(s)) & ((1n << 128n) - 1n)
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse()
}

const fromLittle = (bytes: Buffer): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
