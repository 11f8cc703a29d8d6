import { describe, expect, test } from 'vitest'
import { planBackup } from '../../../src/decide/plan/backup.ts'
import { instant } from '../../../src/model/instant.ts'
import type { Observation } from '../../../src/model/observation.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { Spec } from '../../../src/model/spec.ts'
import {
  context as contextOf,
  holding,
  md5,
  NOON,
  picture,
  seen,
  sha256,
  spec,
} from '../../helpers/picture.ts'

const context = contextOf({ all: true })

/** A plan as words: `pull a`, `! rot a`. */
function words(observation: Observation, over: Partial<Spec> = {}): string {
  const { steps, problems } = planBackup(spec(over), observation, context)
  return [
    ...steps.map((step) => `${step.action} ${step.path}`),
    ...problems.map((problem) => `! ${problem.code}${problem.path === undefined ? '' : ` ${problem.path}`}`),
  ].join(', ')
}

describe('what is done about a file', () => {
  test.each([
    // New.
    ['marked at the source, not here', 'remote a 10 A', 'pull a'],
    ['marked, and some of it is staged', 'remote a 10 A\nstaged a 4', 'resume a'],
    ['without a marker at the source', 'remote a 10 -', 'wait a, ! empty'],
    ['named by the list, not there', 'listed a', 'wait a, ! empty'],
    ['with a marker that cannot be read', 'remote a 10 ?', '! empty'],
    // Published.
    ['published, and the source agrees', 'held a 10 A\nremote a 10 A', 'keep a'],
    ['published, and the source no longer has it', 'held a 10 A\nremote z 1 -', 'keep a, wait z'],
    ['published, and the marker at the source is gone', 'held a 10 A\nremote a 10 -', 'keep a'],
    ['I1, published, and the source has another digest', 'held a 10 A\nremote a 10 B', 'conflict a'],
    ['I1, published, another digest and size', 'held a 10 A\nremote a 99 B', 'conflict a'],
    [
      'published, of another size at the source under the same marker',
      'held a 10 A\nremote a 11 A',
      'keep a, ! source-changed a',
    ],
    ['rotten by its size, the source still good', 'held a 10!9 A\nremote a 10 A', 'repair a'],
    ['rotten by its size, the source gone', 'held a 10!9 A\nremote z 1 -', 'lost a, wait z, ! empty'],
    ['rotten by its size, the source other', 'held a 10!9 A\nremote a 10 B', 'conflict a, ! empty, ! rot a'],
    [
      'rotten by its size, at the source without a marker',
      'held a 10!9 A\nremote a 10 -',
      '! empty, ! rot a',
    ],
    // Gone.
    ['gone here, the source still good', 'gone a 10 A\nremote a 10 A', 'repair a'],
    ['gone here, the source other', 'gone a 10 A\nremote a 10 B', 'conflict a, ! empty, ! missing-here a'],
    ['gone on both sides', 'gone a 10 A\nremote z 1 -', 'lost a, wait z, ! empty'],
    [
      'gone here, at the source without a marker',
      'gone a 10 A\nremote a 10 -',
      'wait a, ! empty, ! missing-here a',
    ],
    // Unmarked.
    ['here without its marker, known, the source agrees', 'ours a 10 A\nremote a 10 A', 'adopt a'],
    [
      'here without its marker, known, the source rotten',
      'ours a 10 A\nremote a 10 B',
      'adopt a, conflict a',
    ],
    ['here without its marker, known, the source gone', 'ours a 10 A\nremote z 1 -', 'adopt a, wait z'],
    ['known by name, of another size, the source good', 'ours a 10!7 A\nremote a 10 A', 'repair a'],
    [
      'known by name, of another size, the source gone',
      'ours a 10!7 A\nremote z 1 -',
      'lost a, wait z, ! empty',
    ],
    ['unknown data of the right size', 'bare a 10\nremote a 10 A', 'adopt a'],
    ['unknown data of another size', 'bare a 7\nremote a 10 A', 'pull a'],
    ['unknown data, unmarked at the source too', 'bare a 10\nremote a 10 -', 'wait a, ! empty'],
    ['unknown data, nothing at the source', 'bare a 10\nremote z 1 -', 'wait z, ! empty, ! unmarked a'],
    // A marker that is not ours.
    ['here beside a spoilt marker, the source agrees', 'spoilt a 10 A\nremote a 10 A', 'adopt a'],
    ['here beside a spoilt marker, the source gone', 'spoilt a 10 A\nremote z 1 -', 'adopt a, wait z'],
    ['here beside a spoilt marker, the source other', 'spoilt a 10 A\nremote a 10 B', 'adopt a, conflict a'],
    ['rotten beside a spoilt marker', 'spoilt a 10!7 A\nremote a 10 A', 'repair a'],
    // Pairs.
    ['a pair that the ledger does not know', 'pair a 10 A\nremote a 10 A', 'adopt a'],
    ['such a pair, nothing at the source', 'pair a 10 A\nremote z 1 -', 'adopt a, wait z'],
    ['such a pair, the source other', 'pair a 10 A\nremote a 10 B', 'adopt a, conflict a'],
    ['a pair whose marker says nothing', 'pair a 10 ?\nremote a 10 A', '! empty, ! marker-unreadable-here a'],
  ])('%s', (_, drawn, wanted) => {
    expect(words(picture(drawn))).toBe(wanted)
  })

  test.each(['incomplete', 'unknown'] as const)('absence from an %s look proves nothing', (completeness) => {
    expect(words(picture('held a 10 A\ngone b 10 A\nbare c 3', completeness))).toBe(
      'keep a, ! missing-here b',
    )
  })

  test('an accepted loss is none, whatever the source shows', () => {
    const acknowledge = [{ path: 'b', digest: md5('A'), reason: 'too old' }]
    for (const completeness of ['incomplete', 'unknown'] as const)
      expect(words(picture('held a 10 A\ngone b 10 A', completeness), { acknowledge })).toBe('keep a')
    expect(words(picture('held a 10 A\ngone b 10 A\nremote b 10 -'), { acknowledge })).toBe('keep a, wait b')
  })

  test('unmarked data that this pass has hashed and found to be other bytes is replaced, and kept as a start', () => {
    const observation = picture('bare a 10\nremote a 10 A')
    const found = { size: 10, marker: null, foundOther: { md5: md5('F'), sha256: sha256('F') } }
    const files = new Map([['a' as RelPath, found]])
    expect(words({ ...observation, destination: holding({ files }) })).toBe('pull a')
  })

  test('a sha256 claim is held against the ledger’s sha256', () => {
    const observation = picture('held a 10 A\nremote a 10 A')
    const claim = {
      state: 'claimed',
      suffix: '.sha256',
      size: 70,
      mtime: 2000,
      text: null,
    } as const
    const at = (letter: string): Observation => ({
      ...observation,
      source: {
        ...observation.source,
        files: new Map([
          [
            'a' as RelPath,
            { listed: { size: 10, mtime: 1000 }, marker: { ...claim, digest: sha256(letter) } },
          ],
        ]),
      },
    })
    expect(words(at('A'), { checksum: 'sha256' })).toBe('keep a')
    expect(words(at('B'), { checksum: 'sha256' })).toBe('conflict a')
  })

  test('an acknowledged digest is no conflict, and any other still is', () => {
    const acknowledge = [{ path: 'a', digest: md5('B'), reason: 're-exported' }]
    expect(words(picture('held a 10 A\nremote a 10 B'), { acknowledge })).toBe('keep a')
    expect(words(picture('held a 10 A\nremote a 10 C'), { acknowledge })).toBe('conflict a')
  })

  test('an entry that accepts the loss of a file that is whole here is a warning', () => {
    const warned = (drawn: string, over: Partial<Spec>) =>
      planBackup(spec(over), picture(drawn), context).warnings.flatMap(({ code, message }) =>
        code === 'loss-accepted' ? [message.split(' ')[0]] : [],
      )
    const acknowledge = [
      { path: 'a', digest: md5('A'), reason: 'not needed' },
      { path: 'a', digest: md5('B'), reason: 're-exported' },
    ]
    expect(warned('held a 10 A', { acknowledge })).toEqual(['a'])
    expect(warned('held a 10 A', { acknowledge: acknowledge.slice(1) })).toEqual([])
    expect(warned('gone a 10 A\nheld b 1 B', { acknowledge })).toEqual([])
    expect(warned('held a 10!9 A', { acknowledge })).toEqual([])
  })

  test('that our copy is gone is said, whatever digest at the source is acknowledged, until its loss is', () => {
    const drawn = 'gone a 10 A\nremote a 10 B\nheld c 1 C'
    const other = { path: 'a', digest: md5('B'), reason: 're-exported' }
    const lost = { path: 'a', digest: md5('A'), reason: 'not needed' }
    expect(words(picture(drawn))).toBe('conflict a, keep c, ! missing-here a')
    expect(words(picture(drawn), { acknowledge: [other] })).toBe('keep c, ! missing-here a')
    expect(words(picture(drawn), { acknowledge: [lost] })).toBe('conflict a, keep c')
    expect(words(picture(drawn), { acknowledge: [other, lost] })).toBe('keep c')
  })

  test('a file over maxFileSize is a problem and is not pulled', () => {
    const transfer = { ...spec().transfer, maxFileSize: 9 }
    expect(words(picture('remote a 10 A\nremote b 9 B'), { transfer })).toBe('pull b, ! too-large a')
    const damaged = picture('held a 10!9 A\nremote a 10 A\ngone b 10 B\nremote b 10 B\nheld c 1 C')
    expect(words(damaged, { transfer })).toBe(
      'keep c, ! rot a, ! too-large a, ! missing-here b, ! too-large b',
    )
    const acknowledge = (['A', 'B'] as const).map((letter) => ({
      path: letter.toLowerCase(),
      digest: md5(letter),
      reason: 'not needed',
    }))
    expect(words(damaged, { transfer, acknowledge })).toBe('keep c, ! too-large a, ! too-large b')
  })

  test.each([
    ['gone at the source', 'held a 10!9 A\nheld c 1 C\nremote c 1 C', 'complete', 'keep c'],
    ['not known to be gone there', 'held a 10!9 A\nheld c 1 C', 'unknown', 'keep c'],
    ['without a marker there', 'held a 10!9 A\nremote a 10 -\nheld c 1 C', 'complete', 'keep c'],
    ['other there', 'held a 10!9 A\nremote a 10 B\nheld c 1 C', 'complete', 'conflict a, keep c'],
    ['still good there', 'held a 10!9 A\nremote a 10 A\nheld c 1 C', 'complete', 'repair a, keep c'],
  ] as const)('rotten here, its loss acknowledged, and %s', (_, drawn, completeness, wanted) => {
    const acknowledge = [{ path: 'a', digest: md5('A'), reason: 'not needed' }]
    expect(words(picture(drawn, completeness), { acknowledge })).toBe(wanted)
    expect(words(picture(drawn, completeness))).not.toBe('keep c')
  })

  test('what the spec does not select is nobody’s business', () => {
    const select = { include: ['*.tar'], exclude: ['tmp*'] }
    expect(words(picture('bare x.bin 3\ngone y.bin 3 A\nremote a.tar 1 -'), { select })).toBe(
      'wait a.tar, ! empty',
    )
  })

  test('a source that shows nothing to back up is a problem', () => {
    expect(words(picture(''))).toBe('! nothing-found')
    expect(words(picture('', 'unknown'))).toBe('')
  })

  test('I6: a name that folds to one held here is refused', () => {
    expect(words(picture('held a.tar 10 A\nremote A.tar 10 B'))).toBe('keep a.tar, ! name-collision A.tar')
  })
})

describe('a file that failed its gate twice', () => {
  const DAY = 24 * 3600 * 1000
  const failed = (hoursAgo: number) => {
    const at = instant(NOON - hoursAgo * 3600 * 1000)
    const gate = { at, size: 10, mtime: 1000, digest: md5('A') }
    return holding({ seen: new Map([['a' as RelPath, seen({ gate })]]) })
  }
  const at = (drawn: string, hoursAgo: number) => words({ ...picture(drawn), destination: failed(hoursAgo) })

  test.each([
    ['is left alone while nothing changes', 'remote a 10 A', 1, '! empty, ! checksum-failed a'],
    ['is pulled again after a day', 'remote a 10 A', 25, 'pull a'],
    ['is pulled again when its marker changes', 'remote a 10 B', 1, 'pull a'],
    ['is pulled again when its size changes', 'remote a 11 A', 1, 'pull a'],
    ['is pulled again when the clock went back behind the failure', 'remote a 10 A', -1, 'pull a'],
  ])('%s', (_, drawn, hours, wanted) => {
    expect(at(drawn, hours)).toBe(wanted)
  })

  test('a wait of over a day is a problem, a shorter one is not', () => {
    const waiting = (ago: number) => {
      const since = instant(NOON - ago)
      const destination = holding({ seen: new Map([['a' as RelPath, seen({ waitingSince: since })]]) })
      return words({ ...picture('remote a 10 -'), destination })
    }
    expect(waiting(DAY)).toBe('wait a, ! empty')
    expect(waiting(DAY + 1)).toBe('wait a, ! empty, ! wait-overdue a')
  })
})
