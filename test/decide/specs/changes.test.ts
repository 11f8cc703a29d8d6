import { describe, expect, test } from 'vitest'
import { type SpecsBefore, type SpecsFound, specChanges } from '../../../src/decide/specs/changes.ts'
import type { BackupName } from '../../../src/model/spec.ts'
import type { Diagnostic } from '../../../src/model/trouble.ts'
import type { ActiveSpec, KnownSpec } from '../../../src/model/watched-specs.ts'
import { spec } from '../../helpers/picture.ts'

/** `name@place=words`: a spec in `name.yaml`; `name@place=words(other.yaml)`: in that file. */
function known(text: string): KnownSpec {
  const [, name, place, words = '', file] = /^([\w-]+)@([\w/]+)(?:=(\w*))?(?:\((\S+)\))?$/.exec(text)!
  return {
    spec: spec({
      name: name as BackupName,
      file: `/specs/${file ?? `${name}.yaml`}`,
      digest: `${name} ${place} ${words}`,
      destination: { path: `/${place}`, mount: null, rotate: false, minFree: 0, maxSize: null },
    }),
    document: { name, place, words },
    place: `/${place}`,
  }
}
const all = (text: string): KnownSpec[] => text.split(' ').filter(Boolean).map(known)

const was = (text: string): SpecsBefore => ({
  active: all(text).map((one) => ({ ...one, instead: null })),
  orphans: [],
})

/** Sound ones as `known` reads them; faulty ones as `name` or `name(file)`. */
const found = (sound: string, faulty = '', over: Partial<SpecsFound> = {}): SpecsFound => {
  const declared = faulty
    .split(' ')
    .filter(Boolean)
    .map((text) => {
      const [, name, file] = /^([\w-]+)(?:\((\S+)\))?$/.exec(text)!
      return { name: name!, file: `/specs/${file ?? `${name}.yaml`}` }
    })
  return {
    label: '/specs',
    revision: null,
    sound: all(sound),
    faulty: declared,
    faults: declared.map(({ file }) => fault(file)),
    hold: null,
    policyHolds: [],
    ...over,
  }
}
const fault = (file: string): Diagnostic => ({
  file,
  line: 7,
  column: 3,
  severity: 'error',
  code: 'unknown-key',
  message: 'no such key',
})

const decide = (was: SpecsBefore, is: SpecsFound, released: readonly string[] = []) =>
  specChanges(was, is, { at: 'NOW', released: new Set(released) })
const say = ({ spec: one, instead }: ActiveSpec) =>
  `${one.digest}${instead === null ? '' : ` instead of ${instead.code}`}`
const names = (list: readonly KnownSpec[]) => list.map(({ spec: one }) => one.name)

describe('what changed', () => {
  test.each([
    ['nothing', 'a@x b@y', 'a@x b@y', {}],
    ['another file or line of the same words', 'a@x', 'a@x(b.yaml)', {}],
    ['one came', 'a@x', 'a@x b@y', { added: ['b'] }],
    ['the first came', '', 'a@x', { added: ['a'] }],
    ['one changed', 'a@x b@y', 'a@x=new b@y', { changed: ['a'] }],
    ['one went', 'a@x b@y c@z', 'a@x b@y', { removed: ['c'] }],
    ['another name, the same place', 'a@x', 'b@x', { renamed: ['a>b'] }],
    ['another name and another place', 'a@x c@z d@w', 'b@y c@z d@w', { added: ['b'], removed: ['a'] }],
  ])('%s', (_, old, is, expected) => {
    const { added, changed, removed, renamed, holds } = decide(was(old), found(is))
    const told = {
      added: names(added),
      changed: changed.map(({ to }) => to.spec.name),
      removed: names(removed),
      renamed: renamed.map(({ from, to }) => `${from.spec.name}>${to.spec.name}`),
    }
    expect(told).toEqual({ added: [], changed: [], removed: [], renamed: [], ...expected })
    expect(holds).toEqual([])
  })
})

describe('a broken spec', () => {
  test('stops no other, and its last good one stands in with the place of the fault', () => {
    const decided = decide(was('a@x b@y'), found('b@y=new', 'a'))
    expect(decided.active.map(say)).toEqual(['a x  instead of unknown-key', 'b y new'])
    expect(decided.broken).toMatchObject([
      { backup: 'a', file: '/specs/a.yaml', line: 7, column: 3, code: 'unknown-key' },
    ])
    expect(names(decided.removed)).toEqual([])
  })

  test('that never was good runs not at all, and is told', () => {
    const decided = decide(was('a@x'), found('a@x', 'new'))
    expect(names(decided.active)).toEqual(['a'])
    expect(decided.broken).toMatchObject([{ backup: 'new' }])
  })

  test('is known by its file where its name cannot be read', () => {
    expect(decide(was('a@x(host-1.yaml)'), found('', 'host-1')).active.map(say)).toEqual([
      'a x  instead of unknown-key',
    ])
  })

  test('that is mended counts again, as a change if it is one', () => {
    const broken = decide(was('a@x'), found('', 'a'))
    const same = decide(broken, found('a@x'))
    expect([same.active.map(say), same.changed]).toEqual([['a x '], []])
    expect(names(decide(broken, found('a@x=new')).changed.map(({ to }) => to))).toEqual(['a'])
  })

  test('all specs broken by their defaults go on, and the defaults are named', () => {
    const at = fault('/specs/_defaults.yaml')
    const decided = decide(was('a@x b@y'), found('', 'a b', { faults: [at] }))
    expect(decided.active.map(say)).toEqual(['a x  instead of unknown-key', 'b y  instead of unknown-key'])
    expect(decided.broken.map(({ file }) => file)).toEqual([at.file, at.file])
  })

  test('a newcomer that is broken and takes the name of another does not stop that one', () => {
    expect(decide(was('a@x(one.yaml)'), found('a@x=new(one.yaml)', 'a')).active.map(say)).toEqual(['a x new'])
  })
})

describe('nobody takes what a last good spec has', () => {
  test.each([
    ['the same place', 'c@x'],
    ['a place inside it', 'c@x/in'],
  ])('%s', (_, newcomer) => {
    const decided = decide(was('a@x'), found(newcomer, 'a'))
    expect(names(decided.active)).toEqual(['a'])
    expect(decided.broken.map(({ backup, code }) => [backup, code])).toEqual([
      ['a', 'unknown-key'],
      ['c', 'destination-clash'],
    ])
  })

  test('a place around it', () => {
    expect(names(decide(was('a@x/in'), found('c@x', 'a')).active)).toEqual(['a'])
  })

  test('its name', () => {
    const decided = decide(was('a@x'), found('a@y(other.yaml)', 'a'))
    expect(decided.active.map(say)).toEqual(['a x  instead of unknown-key'])
    expect(decided.broken.map(({ code }) => code)).toEqual(['unknown-key', 'duplicate-name'])
  })

  test('one that is refused stands where it stood, and that may refuse another', () => {
    const decided = decide(was('a@x c@y d@z'), found('c@x d@y', 'a'))
    expect(decided.active.map(say)).toEqual([
      'a x  instead of unknown-key',
      'c y  instead of destination-clash',
      'd z  instead of destination-clash',
    ])
  })
})

describe('specs that are gone', () => {
  test('leave an orphan, which is none any more once somebody has its place', () => {
    const gone = decide(was('a@x b@y c@z'), found('b@y c@z'))
    expect(gone.orphans).toEqual([{ backup: 'a', destination: '/x', since: 'NOW' }])
    expect(decide(gone, found('b@y c@z')).orphans).toEqual(gone.orphans)
    expect(decide(gone, found('b@y c@z new@x')).orphans).toEqual([])
  })

  test('a backup that is sent elsewhere leaves its old place as an orphan', () => {
    expect(decide(was('a@x'), found('a@y')).orphans).toEqual([
      { backup: 'a', destination: '/x', since: 'NOW' },
    ])
  })

  test.each([
    ['a@x b@y', 'a@x', false],
    ['a@x b@y c@z', 'a@x', true],
    ['a@x b@y c@z d@w', 'a@x b@y', false],
    ['a@x', '', true],
    ['a@x b@y c@z', 'd@x e@y', false],
  ])('more than half of %s are gone where %s is left: %s', (old, is, isHeld) => {
    expect(decide(was(old), found(is)).holds.map(({ code }) => code)).toEqual(isHeld ? ['specs-gone'] : [])
    // A commit was asked about before it was taken.
    expect(decide(was(old), found(is, '', { revision: 'c0ffee' })).holds).toEqual([])
  })

  test('held, they are obeyed as before, until they are back or a person has released it', () => {
    const held = decide(was('a@x b@y c@z'), found('c@z=new'))
    expect(held.active.map(say)).toEqual([
      'a x  instead of specs-gone',
      'b y  instead of specs-gone',
      'c z new',
    ])
    expect([held.removed, held.orphans]).toEqual([[], []])
    expect(decide(held, found('a@x b@y c@z=new')).active.map(say)).toEqual(['a x ', 'b y ', 'c z new'])
    const { id } = held.holds[0]!
    expect(decide(held, found('c@z=new')).holds[0]!.id).toBe(id)
    const released = decide(held, found('c@z=new'), [id])
    expect(names(released.removed)).toEqual(['a', 'b'])
    expect(released.passed).toEqual([id])
    expect(released.holds).toEqual([])
  })

  test('a broken one is not gone', () => {
    expect(decide(was('a@x b@y'), found('', 'a b')).holds).toEqual([])
  })
})

test('under a hold over all backups nothing counts, and nothing is forgotten', () => {
  const hold = { id: '12345678', code: 'defaults-gone', message: 'gone' }
  const decided = decide(was('a@x b@y'), found('a@x=new', '', { hold }))
  expect(decided.active.map(say)).toEqual(['a x  instead of defaults-gone', 'b y  instead of defaults-gone'])
  expect(decided.holds).toEqual([hold])
})
