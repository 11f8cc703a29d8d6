import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planIdOf } from '../../../src/decide/plan/assemble.ts'
import { planBackup } from '../../../src/decide/plan/backup.ts'
import { manifest } from '../../../src/decide/plan/manifest.ts'
import { project } from '../../../src/decide/plan/project.ts'
import { plainRate } from '../../../src/decide/time/timetable.ts'
import type { Observation } from '../../../src/model/observation.ts'
import type { BackupPlan } from '../../../src/model/plan.ts'
import { rel } from '../../helpers/disk-folder.ts'
import { context as contextOf, NOON, picture, spec } from '../../helpers/picture.ts'

const context = contextOf()
const plan = (observation: Observation): BackupPlan => planBackup(spec(), observation, context)

const WORK = new Set(['pull', 'resume', 'adopt', 'repair', 'prune', 'expire'])
const work = (of: BackupPlan) => of.steps.filter((step) => WORK.has(step.action))

/** Any mixture of things on both sides, over a few names so that they meet. */
const line = fc
  .tuple(
    fc.constantFrom('remote', 'remote', 'listed', 'held', 'pair', 'bare', 'ours', 'gone', 'spoilt', 'staged'),
    fc.constantFrom('a', 'b', 'c', 'd', 'sub/a', 'E', 'e'),
    fc.integer({ min: 0, max: 12 }),
    fc.option(fc.integer({ min: 0, max: 12 }), { nil: null }),
    fc.constantFrom('A', 'B', 'C', '-', '?'),
  )
  .map(([kind, name, size, other, letter]) => {
    const known = ['held', 'ours', 'gone', 'spoilt'].includes(kind) ? letter.replace(/[-?]/, 'A') : letter
    return `${kind} ${name} ${size}${other === null ? '' : `!${other}`} ${kind === 'pair' ? letter.replace('-', '?') : known}`
  })
const drawing = fc.array(line, { maxLength: 14 }).map((lines) => lines.join('\n'))
const look = fc.constantFrom('complete', 'incomplete', 'unknown' as const)

describe('any plan', () => {
  test('I7: applied to the model, leaves no work', () => {
    fc.assert(
      fc.property(drawing, look, (drawn, completeness) => {
        const observation = picture(drawn, completeness as 'complete')
        const after = project(observation, plan(observation), NOON)
        expect(work(plan(after))).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })

  test('does not depend on the order in which things were found', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 14 }), (lines) => {
        const unique = lines.filter((one, i) => {
          const key = one.split(' ').slice(0, 2).join()
          return lines.findIndex((other) => other.split(' ').slice(0, 2).join() === key) === i
        })
        // Held kinds of one name overwrite each other in a picture: keep the first.
        const here = new Set<string>()
        const single = unique.filter((one) => {
          const [kind, name] = one.split(' ') as [string, string]
          const side = kind === 'remote' || kind === 'listed' ? 'far' : kind === 'staged' ? 'staged' : 'near'
          const key = `${side} ${name}`
          if (here.has(key)) return false
          here.add(key)
          return true
        })
        expect(plan(picture(single.toReversed().join('\n')))).toEqual(plan(picture(single.join('\n'))))
      }),
    )
  })

  test('I1 I4: brings nothing over a published file whose digest is another', () => {
    fc.assert(
      fc.property(drawing, (drawn) => {
        const observation = picture(drawn)
        for (const step of work(plan(observation))) {
          const record = observation.destination.records.get(step.path as never)
          if (record !== undefined) expect(step.digest).toBe(record.md5)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('keeps what is published in the manifest: nothing is ever removed', () => {
    fc.assert(
      fc.property(drawing, (drawn) => {
        const observation = picture(drawn)
        const before = manifest(spec(), observation).map((one) => one.path)
        const after = manifest(spec(), project(observation, plan(observation), NOON)).map((one) => one.path)
        expect(after).toEqual(expect.arrayContaining(before))
      }),
    )
  })
})

describe('a plan’s identity', () => {
  const identity = (drawn: string) => planIdOf([plan(picture(drawn))], null)

  test('is the same where some of a file has come since', () => {
    expect(identity('remote a 10 A\nstaged a 4')).toBe(identity('remote a 10 A'))
  })

  test.each([
    ['a file more', 'remote a 10 A\nremote b 1 B'],
    ['another digest', 'remote a 10 B'],
    ['another size', 'remote a 11 A'],
    ['another action', 'remote a 10 A\nbare a 10'],
  ])('is another with %s', (_, drawn) => {
    expect(identity(drawn)).not.toBe(identity('remote a 10 A'))
  })
})

describe('the numbers of a plan', () => {
  test('count what is still to come, and the time it takes at the allowed rate', () => {
    const observation = picture('remote a 1000 A\nstaged a 400\nremote b 400 B\nheld c 7 C\nremote c 7 C')
    const made = planBackup(spec(), observation, { ...context, bandwidth: plainRate(100) })
    expect(made.summary).toMatchObject({ pull: 1, resume: 1, keep: 1, bytes: 1000 })
    expect(made.seconds).toBe(10)
    expect(made.steps.map((step) => step.action)).toEqual(['resume', 'pull'])
  })

  test('room: minFree and maxSize halt pulls', () => {
    const place = (over: object) => spec({ destination: { ...spec().destination, ...over } })
    const observation = picture('remote a 1000 A')
    const tight = { ...observation, destination: { ...observation.destination, free: 1500, used: 600 } }
    expect(planBackup(place({ minFree: 501 }), tight, context).halt?.code).toBe('min-free')
    expect(planBackup(place({ minFree: 500 }), tight, context).halt).toBeNull()
    expect(planBackup(place({ maxSize: 1599 }), tight, context).halt?.code).toBe('max-size')
    expect(planBackup(place({ maxSize: 1600 }), tight, context).halt).toBeNull()
  })

  test('a name that the destination does not take is a problem and no step; one that it may not, a warning', () => {
    const names = { filesystem: 'exfat, /dev/sdb1', paths: new Set([rel('a:1'), rel('held')]) }
    const drawn = picture('remote a:1 10 A\nremote b 5 B\nheld held 1 C')
    const refused = planBackup(spec(), drawn, { ...context, refused: { ...names, isSure: true } })
    expect(work(refused).map(({ path }) => path)).toEqual(['b'])
    expect(refused.problems).toMatchObject([{ code: 'name-refused', path: 'a:1' }])
    const doubtful = planBackup(spec(), drawn, { ...context, refused: { ...names, isSure: false } })
    expect(work(doubtful).map(({ path }) => path)).toEqual(['a:1', 'b'])
    expect(doubtful.warnings.map(({ code }) => code)).toContain('name-doubtful')
  })

  test('a hold or a halt leaves both sides uncompared', () => {
    const halted = planBackup(spec(), picture('remote a 10 A\ngone b 1 B'), {
      ...context,
      holds: [{ id: '12345678', code: 'x', message: 'x' }],
    })
    expect(halted.steps).toEqual([])
    expect(halted.holds).toHaveLength(1)
  })
})

describe('strange things at the destination', () => {
  const odd = (path: string) => ({ code: 'not-regular', path, message: 'a symlink', hint: '' })
  const codes = (drawn: string, path: string) => {
    const observation = picture(drawn)
    const destination = { ...observation.destination, problems: [odd(path)] }
    return plan({ ...observation, destination }).problems.map((one) => one.code)
  }
  test.each([
    ['under a wanted name', 'remote a 10 A', 'a', ['not-regular']],
    ['where a wanted file’s folder should be', 'remote sub/a 10 A', 'sub', ['not-regular']],
    ['under a name that was published', 'gone a 10 A\nremote b 1 -', 'a', ['empty', 'not-regular']],
    ['beside everything, as somebody’s `latest`', 'remote a 10 A', 'latest', []],
  ])('%s', (_, drawn, path, wanted) => {
    expect(codes(drawn, path)).toEqual(wanted)
  })
})

test('what the source shows under a name that is refused is not lost', () => {
  const observation = picture('gone a 10 A\nremote b 1 -')
  const problems = [{ code: 'name-collision', path: 'a', message: '', hint: '' }]
  const { steps } = plan({ ...observation, source: { ...observation.source, problems } })
  expect(steps.map((step) => step.action)).toEqual(['wait'])
})
