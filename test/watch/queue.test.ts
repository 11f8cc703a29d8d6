import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { queue } from '../../src/watch/queue.ts'

const opened = (concurrency = 2, hosts: Readonly<Record<string, string>> = {}) =>
  queue<string>({ concurrency: () => concurrency, needs: needsOf(hosts) })

const needsOf = (hosts: Readonly<Record<string, string>>) => (name: string) =>
  hosts[name] === undefined ? [] : [hosts[name]]

describe('the queue', () => {
  test('runs one once that was asked for twice, and tells both causes', () => {
    const q = opened()
    q.add('a', 'schedule')
    q.add('a', 'retry')
    q.add('a', 'retry')
    expect(q.take()).toEqual({ name: 'a', causes: ['schedule', 'retry'] })
    expect(q.take()).toBeNull()
  })

  test('runs one again that was asked for while it ran', () => {
    const q = opened()
    q.add('a', 'schedule')
    q.take()
    q.add('a', 'spec changed')
    expect(q.take()).toBeNull()
    q.done('a')
    expect(q.take()).toEqual({ name: 'a', causes: ['spec changed'] })
    q.done('a')
    expect(q.take()).toBeNull()
  })

  test('lets others pass one that waits for what it needs alone, which takes no place', () => {
    const q = opened(2, { a: 'h', b: 'h', c: 'other' })
    for (const name of ['a', 'b', 'c']) q.add(name, 'schedule')
    expect([q.take()?.name, q.take()?.name, q.take()]).toEqual(['a', 'c', null])
    q.done('a')
    expect(q.take()?.name).toBe('b')
  })

  test('forgets what is not to run any more', () => {
    const q = opened()
    q.add('a', 'schedule')
    q.take()
    q.add('a', 'schedule')
    q.add('b', 'schedule')
    q.forget('a')
    q.forget('b')
    q.done('a')
    expect(q.take()).toBeNull()
  })

  test('whatever comes: no two runs of a name, or of what one needs alone, never too many, and nothing is lost', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const hosts: Record<string, string> = { a: 'h', b: 'h', c: 'g', d: 'g' }
    const move = fc.oneof(
      fc.record({ do: fc.constant('add' as const), name: fc.constantFrom(...names) }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('done' as const), pick: fc.nat() }),
    )
    fc.assert(
      fc.property(fc.array(move, { maxLength: 80 }), fc.integer({ min: 1, max: 4 }), (moves, limit) => {
        const q = opened(limit, hosts)
        const owed = new Set<string>()
        const running: string[] = []
        const take = () => {
          const taken = q.take()
          if (taken === null) return false
          expect(running).not.toContain(taken.name)
          running.push(taken.name)
          owed.delete(taken.name)
          expect(running.length).toBeLessThanOrEqual(limit)
          const busy = running.flatMap((name) => hosts[name] ?? [])
          expect(new Set(busy).size).toBe(busy.length)
          return true
        }
        const end = (i: number) => q.done(running.splice(i, 1)[0]!)
        for (const one of moves) {
          if (one.do === 'add') {
            q.add(one.name, 'x')
            owed.add(one.name)
          } else if (one.do === 'take') take()
          else if (running.length > 0) end(one.pick % running.length)
        }
        // Left alone, it comes to an end, and each that was asked for has been begun since.
        while (take() || running.length > 0) if (running.length > 0) end(0)
        expect([...owed]).toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})
