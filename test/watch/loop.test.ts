import { afterEach, describe, expect, test } from 'vitest'
import { instant, isoTime } from '../../src/model/instant.ts'
import { active, broken, came, every, HOUR, MINUTE, SECOND, watchedLoop } from '../helpers/watched-loop.ts'

const DAY = 24 * HOUR

let open: ReturnType<typeof watchedLoop>[] = []
afterEach(async () => {
  await Promise.all(open.map((one) => one.end()))
  open = []
})
const watch = (...words: Parameters<typeof watchedLoop>) => {
  const made = watchedLoop(...words)
  open.push(made)
  return made
}

describe('the schedule', () => {
  test('runs each backup in its own rhythm', async () => {
    const at = watch([active('a', every(3600)), active('b', every(5400))])
    await at.clock.advance(3 * HOUR + SECOND)
    expect(at.told()).toBe('a@0 b@0 a@3600 b@5400 a@7200 a@10800 b@10800')
  })

  test('a restart runs nothing before its time', async () => {
    const begin = Date.UTC(2026, 10, 23, 12)
    const at = watch([active('a', every(3600))], { due: () => instant(begin + 20 * MINUTE) })
    await at.clock.advance(90 * MINUTE)
    expect(at.told()).toBe('a@1200 a@4800')
  })

  test('one that takes longer than its rhythm runs again once, and not once for each that it missed', async () => {
    const at = watch([active('a', every(3600))], { answer: (_, nth) => (nth === 0 ? null : came()) })
    await at.clock.advance(10 * HOUR)
    at.passes[0]!.end(came())
    await at.clock.advance(90 * MINUTE)
    expect(at.told()).toBe('a@0 a@36000 a@39600')
  })
})

test('a trigger that comes as it starts is for all, also for those whose first run is still being looked up', async () => {
  const begin = Date.UTC(2026, 10, 23, 12)
  const at = watch(
    ['a', 'b', 'c'].map((name) => active(name, every(3600))),
    { due: () => instant(begin + 20 * MINUTE) },
  )
  at.loop.trigger(null, 'hangup')
  await at.clock.advance(SECOND)
  expect(at.told()).toBe('a@0 b@0 c@0')
})

test('the end of a hold over all specs runs them all, once, also where no spec has changed', async () => {
  const at = watch([active('a', every(3600)), active('b', every(7200))])
  await at.clock.advance(SECOND)
  const holds = [{ id: 'a1', code: 'history-rewritten', message: 'x' }]
  for (const over of [{ holds }, { holds }, {}, {}]) await at.finds(over)
  expect(at.told()).toBe('a@0 b@0 a@1 b@1')
  expect(at.events.slice(-2)).toMatchObject([{ causes: ['released'] }, { causes: ['released'] }])
})

describe('a clock that leaps neither starves nor storms', () => {
  test.each([
    ['back by a day', -DAY, 'a@0 a@3600 a@7200 a@10800'],
    ['forward by a day', DAY, 'a@0 a@1800 a@5400 a@9000'],
    ['forward by ten years', 3650 * DAY, 'a@0 a@1800 a@5400 a@9000'],
  ])('%s', async (_, leap, told) => {
    const at = watch([active('a', every(3600))])
    await at.clock.advance(30 * MINUTE)
    at.clock.leap(leap)
    at.loop.look()
    await at.clock.advance(150 * MINUTE + SECOND)
    expect(at.told()).toBe(told)
    expect(at.events).toContainEqual({ type: 'clock-leapt', seconds: leap / SECOND })
  })

  test('to and fro', async () => {
    const at = watch([active('a', every(3600))])
    for (let i = 0; i < 60; i++) {
      at.clock.leap(i % 2 === 0 ? DAY : -DAY)
      await at.clock.advance(MINUTE)
    }
    await at.clock.advance(HOUR)
    // At the start, once for the first leap forward, and once an hour from then on.
    expect(at.passes.length).toBeLessThanOrEqual(4)
    expect(at.passes.length).toBeGreaterThanOrEqual(2)
  })

  test('after sleep each backup runs once', async () => {
    const at = watch([active('a', every(3600)), active('b', every(600))])
    await at.clock.advance(MINUTE)
    at.clock.sleep(12 * HOUR)
    await at.clock.advance(MINUTE)
    expect(at.names()).toBe('a b a b')
  })

  test('a first run that was promised comes, though the clock goes back meanwhile', async () => {
    const begin = Date.UTC(2026, 10, 23, 12)
    const at = watch([active('a', every(3600))], { due: () => instant(begin + 20 * MINUTE) })
    await at.clock.advance(MINUTE)
    at.clock.leap(-365 * DAY)
    await at.clock.advance(20 * MINUTE)
    expect(at.told()).toBe('a@1200')
  })
})

describe('failures', () => {
  test('back off, longer each time, and success forgets it', async () => {
    const at = watch([active('a', every(86400))], {
      answer: (_, nth) => (nth < 4 || nth === 5 ? broken : came()),
    })
    await at.clock.advance(2 * MINUTE)
    expect(at.told()).toBe('a@0 a@5 a@15 a@35 a@75')
    at.loop.trigger('a', 'hangup')
    await at.clock.advance(10 * SECOND)
    expect(at.told()).toBe('a@0 a@5 a@15 a@35 a@75 a@120 a@125')
  })

  test('at most a quarter of an hour apart, also where the schedule is closer', async () => {
    const at = watch([active('a', every(60))], { answer: () => broken })
    await at.clock.advance(4 * HOUR)
    const times = at.passes.map((one) => one.at)
    expect(Math.max(...times.map((time, i) => time - (times[i - 1] ?? 0)))).toBe(900)
    expect(times.length).toBeLessThan(25)
  })

  test.each([
    ['a conflict', came({ result: 'failed', exitCode: 6, conflicts: [{ path: 'a', held: '', source: '' }] })],
    ['a bad key', came({ result: 'failed', exitCode: 1 })],
    ['a halt', came({ result: 'halted', exitCode: 7 })],
  ])('%s does not spin', async (_, outcome) => {
    const at = watch([active('a', every(3600))], { answer: () => outcome })
    await at.clock.advance(2 * HOUR + SECOND)
    expect(at.told()).toBe('a@0 a@3600 a@7200')
  })

  test('a host that is seen again by one is tried by all that wait for it', async () => {
    const begin = Date.UTC(2026, 10, 23, 12)
    const at = watch(
      [
        active('a', { host: 'h', ...every(86400) }),
        active('b', { host: 'h', ...every(86400) }),
        active('c', { host: 'other', ...every(86400) }),
      ],
      {
        answer: (name) => (name === 'b' ? came() : broken),
        due: (name) => instant(name === 'b' ? begin + 8 * MINUTE : begin),
      },
    )
    await at.clock.advance(8 * MINUTE)
    expect(at.told().split(' ').slice(-2)).toEqual(['b@480', 'a@480'])
    expect(at.events.findLast(({ type }) => type === 'triggered')).toMatchObject({
      backup: 'a',
      causes: ['source-seen'],
    })
  })

  test('a bug in one is told with its stack, backs off, and stops no other', async () => {
    const at = watch([active('a', every(3600)), active('b', every(60))], {
      answer: (name, nth) => (name === 'a' && nth === 0 ? new Error('a bug') : came()),
    })
    await at.clock.advance(MINUTE)
    expect(at.events).toContainEqual(
      expect.objectContaining({ type: 'crashed', backup: 'a', message: 'a bug' }),
    )
    expect(at.told()).toBe('a@0 b@0 a@5 b@60')
    expect(at.loop.standing().map(({ crash }) => crash)).toEqual([null, null])
  })
})

describe('one at a time', () => {
  test('a host, a backup, and no more than allowed; what waits for its host keeps no place', async () => {
    const at = watch(
      [
        active('a', { host: 'h' }),
        active('b', { host: 'h' }),
        active('c', { host: 'g' }),
        active('d', { host: 'f' }),
      ],
      { concurrency: 2, answer: () => null },
    )
    await at.clock.advance(MINUTE)
    expect(at.names()).toBe('a c')
    at.passes[0]!.end(came())
    await at.clock.advance(0)
    expect(at.names()).toBe('a c b')
    at.passes[1]!.end(came())
    await at.clock.advance(0)
    expect(at.names()).toBe('a c b d')
    expect(at.loop.standing().map(({ phase }) => phase)).toEqual(['idle', 'running', 'idle', 'running'])
  })
})

describe('specs that change', () => {
  const word = (name: string, digest: string) => active(name, { ...every(86400), digest })

  test('a changed one stops its run and runs again at once, by the new one', async () => {
    const at = watch([word('a', 'old'), word('b', 'old')], { answer: () => null })
    await at.clock.advance(SECOND)
    const [from, to] = [word('a', 'old'), word('a', 'new')]
    await at.finds({ active: [to, word('b', 'old')], changed: [{ from, to }] })
    expect(at.passes.map(({ name, spec, signal }) => `${name} ${spec.digest} ${signal.aborted}`)).toEqual([
      'a old true',
      'b old false',
      'a new false',
    ])
  })

  test('one of which only the file has moved goes on', async () => {
    const at = watch([word('a', 'old')], { answer: () => null })
    await at.clock.advance(SECOND)
    await at.finds({ active: [active('a', { digest: 'old', file: '/specs/moved.yaml' })] })
    expect(at.passes.map(({ signal }) => signal.aborted)).toEqual([false])
  })

  test('a changed one does not wait for its backoff', async () => {
    const at = watch([word('a', 'old')], { answer: (_, nth) => (nth < 6 ? broken : came()) })
    await at.clock.advance(5 * MINUTE)
    const before = at.passes.length
    const [from, to] = [word('a', 'old'), word('a', 'new')]
    await at.finds({ active: [to], changed: [{ from, to }] })
    expect(at.passes.length).toBe(before + 1)
  })

  test('a removed one is stopped and never runs again', async () => {
    const at = watch([active('a', every(60)), active('b', every(60))], { answer: () => null })
    await at.clock.advance(SECOND)
    await at.finds({ active: [active('b', every(60))], removed: [active('a')] })
    await at.clock.advance(HOUR)
    expect(at.passes.map(({ name, signal }) => `${name} ${signal.aborted}`)).toEqual(['a true', 'b false'])
    expect(at.loop.standing().map(({ backup }) => backup)).toEqual(['b'])
  })

  test('a renamed one waits until the run under its old name has ended', async () => {
    const at = watch([active('a')], { answer: () => null })
    await at.clock.advance(SECOND)
    const to = { ...active('b'), place: '/dest/a' }
    await at.finds({ active: [to], renamed: [{ from: active('a'), to }] })
    expect(at.passes.map(({ name, signal }) => `${name} ${signal.aborted}`)).toEqual(['a true', 'b false'])
  })

  test('one that comes runs at once', async () => {
    const at = watch([])
    await at.clock.advance(SECOND)
    await at.finds({ active: [active('a')], added: [active('a')] })
    expect(at.events).toContainEqual(
      expect.objectContaining({ type: 'triggered', backup: 'a', causes: ['spec-added'] }),
    )
    expect(at.told()).toBe('a@1')
  })
})

test.each([
  ['when the timetable lets it', '2026-11-23T12:20:00Z', 'a@0 a@1200'],
  ['also where the timetable let it before its pass had ended', '2026-11-23T11:59:59Z', 'a@0 a@0'],
])('a pass that its timetable stopped goes on %s, as it was promised', async (_, until, passes) => {
  const stopped = came({ result: 'incomplete', off: { until } })
  const at = watch([active('a', every(86400))], { answer: (_, nth) => (nth === 0 ? stopped : came()) })
  await at.clock.advance(HOUR)
  expect(at.told()).toBe(passes)
  expect(at.passes[0]!.promise(stopped).nextRun).toBe(until)
})

test("quiet's second look is made when its time is over; what never becomes quiet is looked at less and less often", async () => {
  const waits = came({ result: 'incomplete' })
  const one = active('a', { ...every(3600), finished: { kind: 'quiet', seconds: 20 } })
  const at = watch([one], { answer: (_, nth) => (nth === 0 ? waits : came()) })
  await at.clock.advance(HOUR)
  expect(at.told()).toBe('a@0 a@20')
  expect(at.passes[0]!.promise(waits).nextRun).toBe('2026-11-23T13:00:20Z')
  expect(at.events).toContainEqual(
    expect.objectContaining({ type: 'triggered', backup: 'a', causes: ['quiet'] }),
  )
  const never = watch([one], { answer: () => waits })
  await never.clock.advance(11 * MINUTE)
  expect(never.told()).toBe('a@0 a@20 a@40 a@60 a@100 a@180 a@340 a@660')
})

test('what is promised: the next run, and until when that is believed', async () => {
  const at = watch([active('a', every(86400)), active('b', every(60))], { answer: () => null })
  await at.clock.advance(HOUR)
  const [a, b] = at.passes
  const in_ = (ms: number) => isoTime(instant(at.clock.now() + ms))
  expect(a!.promise(came())).toEqual({ nextRun: in_(23 * HOUR), validUntil: in_(23 * HOUR + 4.8 * HOUR) })
  // A file that is not finished yet brings no pass of its own.
  expect(a!.promise(came({ result: 'incomplete' })).nextRun).toBe(in_(23 * HOUR))
  // It is overdue already: it runs again as soon as it ends.
  expect(b!.promise(came())).toEqual({ nextRun: in_(0), validUntil: in_(15 * MINUTE) })
  expect(a!.promise(broken).nextRun).toBe(in_(5.5 * SECOND))
  // Stopped: a restart goes on at once.
  const stopping = at.end()
  expect(a!.promise(came({ result: 'incomplete' })).nextRun).toBe(in_(0))
  await stopping
})

test('told to stop, it stops every run, waits for each, and begins none', async () => {
  const at = watch([active('a'), active('b')], { concurrency: 1, answer: () => null })
  await at.clock.advance(SECOND)
  await at.end()
  expect(at.passes.map(({ name, signal }) => `${name} ${signal.aborted}`)).toEqual(['a true'])
  expect(at.events.at(-1)).toEqual({ type: 'stopping', running: ['a'] })
})
