// @ts-check
// The built daemon as a process of its own whose time passes when its parent says so: `fork` it, and wait for `ready`. Each `Told` is
// answered with `done`; what the daemon does comes as `event`.
import { setTimeout as sleep } from 'node:timers/promises'
import { handClock } from './hand-clock.js'

/**
 * @typedef {import('../../src/model/event.ts').PassEvent | import('../../src/model/watch-event.ts').WatchEvent} Event
 * @typedef {{ readonly id: number } & (
 *   | { readonly type: 'start', readonly wall: number, readonly settings: import('../../src/model/settings.ts').Settings }
 *   | { readonly type: 'advance', readonly milliseconds: number, readonly isWaitedFor: boolean }
 *   | { readonly type: 'leap', readonly milliseconds: number }
 *   | { readonly type: 'hangup' }
 *   | { readonly type: 'stop' }
 *   | { readonly type: 'heap' }
 * )} Told
 * @typedef {{ readonly type: 'ready' } | { readonly type: 'event', readonly event: Event }
 *   | { readonly type: 'done', readonly id: number, readonly heap: number }} Says
 */

/** @param {string} module */
const load = (module) => import(new URL(`../../dist/${module}.js`, import.meta.url).href)
/** @type {typeof import('../../src/commands/watch.ts')} */
const { watch } = await load('commands/watch')
/** @type {typeof import('../../src/watch/systemd.ts')} */
const { openServiceManager } = await load('watch/systemd')
/** @type {typeof import('../../src/model/failure.ts')} */
const { Stop } = await load('model/failure')

/** @param {Says} word */
const say = (word) => void process.send?.(word)

/** Large, and nothing that a day is judged by. @type {ReadonlySet<string>} */
const UNSAID = new Set(['planned', 'progress', 'spec-added', 'spec-changed', 'spec-removed'])

let clock = handClock(0)
let stopping = new AbortController()
/** @type {Promise<number> | null} */
let running = null
let hangup = () => {}
/** Runs that have begun and not ended. */
let open = 0

/** @param {Event} event */
function heed(event) {
  if (event.type === 'triggered') open++
  if (event.type === 'backup-finished' || event.type === 'crashed') open--
  if (!UNSAID.has(event.type)) say({ type: 'event', event })
}

/** No run is open, no program of ours runs, no file is being read or written: nothing is waited for but time. */
const isStill = () =>
  open === 0 &&
  !process.getActiveResourcesInfo().some((one) => one === 'ProcessWrap' || one.startsWith('FSReq'))

async function settle() {
  for (let still = 0; still < 2; still = isStill() ? still + 1 : 0) await sleep(2)
}

/** @param {Extract<Told, { type: 'start' }>} terms */
function start({ wall, settings }) {
  clock = handClock(wall)
  stopping = new AbortController()
  const quiet = { output: 'text', write() {}, writeError() {}, color: { write: false, writeError: false } }
  running = watch(
    {
      clock,
      random: Math.random,
      settings: async () => ({ settings, faults: [] }),
      onHangup(act) {
        hangup = act
      },
      service: (warn) => openServiceManager({}, process.pid, warn),
    },
    /** @type {any} */ (quiet),
    { now: clock.now, signal: stopping.signal, emit: () => {} },
    { onEvent: heed, onWatch: heed, warn() {}, end() {} },
  )
  // What ends it ends this process, and the parent reads why.
  running.catch((error) => {
    console.error(error)
    process.exit(1)
  })
}

/** @param {Told} told */
async function obey(told) {
  if (told.type === 'start') start(told)
  else if (told.type === 'leap') clock.leap(told.milliseconds)
  else if (told.type === 'hangup') hangup()
  else if (told.type === 'advance') {
    await clock.advance(told.milliseconds)
    if (told.isWaitedFor) await settle()
  } else if (told.type === 'stop') {
    stopping.abort(new Stop('terminate'))
    await running
  } else globalThis.gc?.()
  say({ type: 'done', id: told.id, heap: process.memoryUsage().heapUsed })
}

// Whoever killed the parent meant us too.
process.on('disconnect', () => process.exit())
process.on('message', (told) => obey(/** @type {Told} */ (told)))
say({ type: 'ready' })
