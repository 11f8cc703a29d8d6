import { Session } from 'node:inspector'
import { Worker } from 'node:worker_threads'
import { type FuzzTarget, mayThrow } from './fuzz-targets.ts'
import { type Random, randomOf } from './random.ts'

/** Milliseconds for one input. Most take microseconds. */
const HANG = 20_000
const MOST_BYTES = 20_000
/** One fault shows itself in many inputs. */
const MOST_FAULTS = 5
/** Inputs between two looks at which of our code has run. */
const BATCH = 300

/** Words that mean something to one of our readers. */
const WORDS = [
  ...[
    '../',
    '/',
    '\\',
    '\0',
    '\n',
    '\r\n',
    '\ufeff',
    '\u202e',
    '\ud83d\ude00',
    '\u00e9',
    'e\u0301',
    '\x1b[',
    ' ',
    '\t',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '#',
    '*',
    '&a',
    '*a',
    '<<',
    '!!',
    '- ',
    '---',
    '%',
    '=',
    '|',
    '>',
    '.md5',
  ],
  ...[
    '-1',
    '0',
    '1e999',
    '9007199254740993',
    '99999999999999999999',
    'NaN',
    'null',
    'true',
    '~',
    '.inf',
    '2026-02-30',
    '1990-01-01',
    '{YYYY}',
    '{epoch}',
    '__proto__',
    'constructor',
    '.reconcile',
    'x'.repeat(300),
    '['.repeat(200),
    '{a: '.repeat(100),
  ],
]

/** Another input, made of one that is there. Small steps and large ones. */
function mutated(random: Random, from: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(from))
  for (let i = 1 + random.int(random.chance(0.2) ? 12 : 3); i > 0; i--) {
    const at = random.int(bytes.length + 1)
    const length = random.int(random.chance(0.5) ? 4 : bytes.length - at + 1)
    const put = (piece: Buffer, drop = 0): Buffer =>
      Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(Math.min(bytes.length, at + drop))])
    const other = random.pick(from)
    const start = random.int(other.length + 1)
    const way = random.int(8)
    if (way === 0 && at < bytes.length) bytes[at]! ^= 1 << random.int(8)
    else if (way === 1) bytes = put(Buffer.alloc(0), length)
    else if (way === 2) bytes = put(Buffer.from(random.pick(WORDS)))
    else if (way === 3) bytes = put(Buffer.from(random.pick(WORDS)), length)
    else if (way === 4) bytes = put(other.subarray(start, start + random.int(200)), length)
    else if (way === 5) bytes = put(bytes.subarray(at, at + length))
    else if (way === 6) bytes = put(random.bytes(1 + random.int(6)), random.int(4))
    else
      bytes = put(
        Buffer.from(String(random.int(10) ** random.int(30))),
        /^\d+/.exec(bytes.toString('latin1', at, at + 20))?.[0].length ?? 0,
      )
  }
  return bytes.subarray(0, MOST_BYTES)
}

/** Ends this process, and says at what, where one input takes for ever: nothing else can. */
function watchForHangs(): { begin(target: string, seed: number): void; end(): Promise<number> } {
  const state = new SharedArrayBuffer(4)
  const count = new Int32Array(state)
  let current = ''
  const worker = new Worker(
    `const { workerData: { state, pid, hang }, parentPort } = require('node:worker_threads')
    const count = new Int32Array(state); let current = ''; let last = -1; let since = Date.now()
    parentPort.on('message', (text) => { current = text })
    setInterval(() => {
      const now = Atomics.load(count, 0)
      if (now !== last) { last = now; since = Date.now() }
      else if (Date.now() - since > hang) {
        require('node:fs').writeSync(2, 'a hang, soon after ' + current + ', input ' + now + '\\n')
        process.kill(pid, 'SIGKILL')
      }
    }, 1000)`,
    { eval: true, workerData: { state, pid: process.pid, hang: HANG } },
  )
  return {
    begin(target, seed) {
      Atomics.add(count, 0, 1)
      const text = `${target}, FAULTS_SEED=${seed}`
      if (text === current) return
      current = text
      worker.postMessage(text)
    },
    end: () => worker.terminate(),
  }
}

/** Which parts of our code have run since it was asked last. */
function watchCoverage(): { take(): ReadonlySet<string>; end(): void } {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  return {
    take() {
      const run = new Set<string>()
      session.post('Profiler.takePreciseCoverage', (error, coverage) => {
        if (error !== null) return
        for (const { url, functions } of coverage.result) {
          if (!url.includes('/src/')) continue
          for (const { ranges } of functions)
            for (const { startOffset, endOffset, count } of ranges)
              if (count > 0) run.add(`${url} ${startOffset} ${endOffset}`)
        }
      })
      return run
    },
    end: () => session.disconnect(),
  }
}

/**
 * Has `target` read so many inputs, made of its samples and, where `isGuided`, of those that made code run that none had run before. What it
 * threw and may not, with the input.
 */
export async function fuzz(
  targets: readonly FuzzTarget[],
  seed: number,
  inputs: number,
  isGuided: boolean,
): Promise<{ readonly faults: readonly string[]; readonly kept: number; readonly grown: number }> {
  const hangs = watchForHangs()
  const coverage = isGuided ? watchCoverage() : null
  const faults: string[] = []
  let kept = 0
  let grown = 0
  for (const target of targets) {
    const random = randomOf(seed)
    const corpus: Buffer[] = target.samples.map((text) => Buffer.from(text))
    const read = async (bytes: Buffer): Promise<void> => {
      hangs.begin(target.name, seed)
      try {
        const done = target.read(bytes)
        if (done instanceof Promise) await done
      } catch (error) {
        if (mayThrow(error)) return
        const what = error instanceof Error ? (error.stack ?? '').split('\n').slice(0, 3).join(' ') : error
        faults.push(
          `${target.name}, FAULTS_SEED=${seed}: ${what} at ${JSON.stringify(bytes.toString('latin1').slice(0, 400))}`,
        )
      }
    }
    /** Keeps those inputs that the parts are owed to, found by halves: each look at what has run takes as long as many inputs. */
    const locate = async (some: readonly Buffer[], parts: Set<string>): Promise<void> => {
      if (parts.size === 0) return
      for (const bytes of some) await read(bytes)
      const mine = [...coverage!.take()].filter((part) => parts.has(part))
      if (mine.length === 0) return
      if (some.length > 1) {
        const half = some.length >> 1
        await locate(some.slice(0, half), parts)
        await locate(some.slice(half), parts)
        return
      }
      for (const part of mine) parts.delete(part)
      corpus.push(some[0]!)
      kept++
    }
    for (const sample of corpus) await read(sample)
    const known = new Set(coverage?.take())
    const begun = memory()
    for (let left = inputs; left > 0 && faults.length < MOST_FAULTS; left -= BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, left) }, () => mutated(random, corpus))
      for (const bytes of batch) await read(bytes)
      if (coverage === null) continue
      const found = new Set([...coverage.take()].filter((part) => !known.has(part)))
      for (const part of found) known.add(part)
      await locate(batch, found)
    }
    grown = Math.max(grown, memory() - begun)
  }
  coverage?.end()
  await hangs.end()
  return { faults, kept, grown }
}

const memory = (): number => {
  ;(globalThis as { gc?: () => void }).gc?.()
  return process.memoryUsage().heapUsed
}
