import { AsyncLocalStorage } from 'node:async_hooks'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { instant } from '../../src/model/instant.ts'
import type { Ended } from './world.ts'

const built = (file: string): string => pathToFileURL(resolve(import.meta.dirname, '../../dist', file)).href

/** What a call has printed so far. Calls may overlap: each writes to its own. */
interface Printed {
  stdout: string
  stderr: string
}

const calls = new AsyncLocalStorage<Printed>()

let isHearing = false

const home = process.cwd()
let running = 0

/** What the process prints within a call goes to that call. */
function hear(): void {
  if (isHearing) return
  isHearing = true
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = process[name]
    const write = stream.write.bind(stream) as (...given: unknown[]) => boolean
    stream.write = (...given: unknown[]): boolean => {
      const call = calls.getStore()
      if (call === undefined) return write(...given)
      call[name] += String(given[0])
      return true
    }
  }
}

/**
 * One call of the built command in this process, in `folder`, up to what its `cli.js` would exit with. Starting node and loading the
 * program take longer than most calls do, and are the same in each.
 */
export async function callHere(
  folder: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Ended> {
  hear()
  // As cli.js has them: a few chunks load faster than all modules one by one.
  const { call } = (await import(built('chunks/call.js'))) as typeof import('../../src/commands/call.ts')
  const { Stop } = (await import(built('chunks/failure.js'))) as typeof import('../../src/model/failure.ts')
  Object.assign(process.env, environment)
  const stopping = new AbortController()
  const host = {
    version: () => '0.0.0',
    run: { now: () => instant(Date.now()), signal: stopping.signal, emit: () => {} },
    stopAfter(seconds: number) {
      setTimeout(() => stopping.abort(new Stop('max-time')), seconds * 1000).unref()
    },
    becomeDaemon() {},
  }
  const printed: Printed = { stdout: '', stderr: '' }
  process.chdir(folder)
  running++
  const code = await calls
    .run(printed, () =>
      call(words, host, (text) => {
        printed.stderr += text
      }),
    )
    .finally(() => {
      running--
      // The folder may soon be gone, and nothing can be started from there then.
      if (running === 0) process.chdir(home)
    })
  // As execa has it, which takes a last newline off.
  const trim = (text: string): string => text.replace(/\n$/, '')
  return { code, stdout: trim(printed.stdout), stderr: trim(printed.stderr) }
}
