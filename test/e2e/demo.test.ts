import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, chmodSync, readdirSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, it, type TestContext } from 'vitest'
import { inFull } from '../helpers/extent.ts'

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
async function temporary(finished: TestContext['onTestFinished']): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
  finished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Starts the demo with its scratch in `folder`; `until` sees all output so far and may send one signal, or meddle. */
async function play(
  folder: string,
  args: readonly string[],
  until?: (output: string) => NodeJS.Signals | null,
) {
  const child = spawn(process.execPath, [CLI, 'demo', ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let sent = false
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const signal = sent ? null : until?.(output)
      if (signal) sent = child.kill(signal)
    })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

/** Command lines of live processes that speak of `folder`. */
async function processesIn(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue
    const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')
    if (line.includes(folder)) found.push(line.replaceAll('\0', ' '))
  }
  return found
}

const typed = (output: string): string[] =>
  output.split('\n').flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : []))

describe.concurrent('reconcile demo', () => {
  it('sees all it promised, and leaves no file and no process', async ({ expect, onTestFinished }) => {
    const folder = await temporary(onTestFinished)
    const { code, output } = await play(folder, [])
    expect(output).not.toContain('  NO ')
    expect(output.match(/^ {2}yes /gm)?.length).toBeGreaterThanOrEqual(7)
    expect(code, output).toBe(0)
    expect(await readdir(folder)).toEqual([])
    expect(await processesIn(folder)).toEqual([])
  })

  it('with --keep leaves copies that their markers prove, commands that can be typed, and no process', async ({
    expect,
    onTestFinished,
  }) => {
    const folder = await temporary(onTestFinished)
    const { code, output } = await play(folder, ['--keep'])
    expect(code, output).toBe(0)
    const scene = join(folder, (await readdir(folder))[0]!)
    const markers = (await readdir(join(scene, 'offsite'))).filter((name) => name.endsWith('.md5'))
    expect(markers).toHaveLength(4)
    await execa('md5sum', ['-c', '--quiet', ...markers], { cwd: join(scene, 'offsite') })
    expect(await processesIn(folder)).toEqual([])

    const status = typed(output).find((line) => line.includes(' status '))!
    const again = await execa('sh', ['-c', status], { cwd: scene, reject: false })
    expect(again.exitCode, again.stderr).toBe(0)
    expect(again.stdout).toContain('shop')
  })

  it('says NO and ends with 1 where a held copy changed all the same', async ({ expect, onTestFinished }) => {
    const folder = await temporary(onTestFinished)
    const { code, output } = await play(folder, ['--keep'], (soFar) => {
      if (soFar.includes('$ (cd source && md5sum')) {
        const offsite = join(folder, readdirSync(folder)[0]!, 'offsite')
        const name = /\$ md5sum offsite\/(\S+)/.exec(soFar)![1]!
        chmodSync(join(offsite, name), 0o644)
        appendFileSync(join(offsite, name), 'rot')
      }
      return null
    })
    expect(output).toContain('NO   the rotten file was reported as a conflict')
    expect(code).toBe(1)
  })

  const interrupt = ['SIGINT', 130] as const
  const terminate = ['SIGTERM', 143] as const
  it.for(inFull([interrupt, terminate], [interrupt]))(
    'on %s in the middle of it all ends with %i, everything removed',
    async ([signal, exitCode], { expect, onTestFinished }) => {
      const folder = await temporary(onTestFinished)
      const { code, output } = await play(folder, [], (soFar) => (soFar.includes('kill -9') ? signal : null))
      expect(code, output).toBe(exitCode)
      expect(output).toContain('Everything is removed')
      expect(await readdir(folder)).toEqual([])
      expect(await processesIn(folder)).toEqual([])
    },
  )
})
