import { describe, expect, test } from 'vitest'
import { assemblePlan } from '../../../src/decide/plan/assemble.ts'
import { planBackup } from '../../../src/decide/plan/backup.ts'
import {
  codeOfFailure,
  codeOfOutcome,
  codeOfPlan,
  codeOfResult,
  firstOf,
} from '../../../src/decide/status/exit-code.ts'
import type { BackupOutcome } from '../../../src/model/outcome.ts'
import { emptyOutcome } from '../../../src/model/outcome.ts'
import type { Plan } from '../../../src/model/plan.ts'
import { context as contextOf, NOON, picture, spec } from '../../helpers/picture.ts'

const problem = (code: string) => ({ code, message: '', hint: '' })
const halt = problem
const outcome = (over: Partial<BackupOutcome>) => ({
  ...emptyOutcome('a'),
  result: 'in-sync' as const,
  seconds: 0,
  ...over,
})
const fault = { file: '', line: 1, column: 1, severity: 'error' as const, code: 'x', message: '' }

describe('the exit code of one backup', () => {
  test.each<[string, Partial<BackupOutcome>, number]>([
    ['in sync', {}, 0],
    ['applied', { result: 'applied' }, 0],
    ['ended by --max-time', { result: 'incomplete' }, 0],
    ['any problem', { problems: [problem('source-changed')] }, 1],
    ['failed', { result: 'failed' }, 1],
    ['failed checksum', { problems: [problem('checksum-failed')] }, 6],
    ['rot', { problems: [problem('rot')] }, 6],
    ['conflict', { conflicts: [{ path: 'a', held: '', source: '' }] }, 6],
    ['loss', { lost: ['a'] }, 6],
    ['damaged ledger', { result: 'halted', halt: halt('ledger-damaged') }, 6],
    ['no room', { result: 'halted', halt: halt('min-free') }, 7],
    ['held', { result: 'halted', holds: [{ id: '', code: '', message: '' }] }, 7],
    ['conflict and no room', { result: 'halted', halt: halt('min-free'), lost: ['a'] }, 6],
    ['busy', { result: 'busy' }, 0],
  ])('%s', (_, over, code) => {
    expect(codeOfOutcome(outcome(over), false)).toBe(code)
  })
  test('busy, and asked for by name', () => {
    expect(codeOfOutcome(outcome({ result: 'busy' }), true)).toBe(5)
  })
})

describe('the exit code of a pass', () => {
  const result = (codes: number[], diagnostics = [] as (typeof fault)[]) => ({
    format: 'reconcile.result/1' as const,
    planId: '',
    revision: null,
    started: '',
    finished: '',
    problems: [],
    diagnostics,
    backups: codes.map((exitCode) => ({ ...outcome({}), exitCode })),
  })
  test.each([
    [[0, 0], [], 0],
    [[1, 6, 7], [], 6],
    [[1, 7], [], 7],
    [[1, 5], [], 5],
    [[1, 7], [fault], 3],
    [[6], [fault], 6],
    [[0], [fault], 3],
    [[], [], 1],
  ])('%j with %j', (codes, diagnostics, code) => {
    expect(codeOfResult(result(codes, diagnostics))).toBe(code)
  })
  test('the order is 70 6 3 7 4 5 1 2', () => {
    expect([2, 1, 5, 4, 7, 3, 6, 70].map((_, i, all) => firstOf(all.slice(0, i + 1)))).toEqual([
      2, 1, 5, 4, 7, 3, 6, 70,
    ])
    expect(firstOf([])).toBe(0)
  })
})

describe('the exit code of a plan', () => {
  const context = contextOf()
  const plan = (drawn: string): Plan =>
    assemblePlan([planBackup(spec(), picture(drawn), context)], [], NOON, null)
  test.each([
    ['something to do', 'remote a 1 A', 0, 2],
    ['only something to wait for', 'held a 1 A\nremote a 1 A\nremote b 1 -', 0, 0],
    ['only something to wait for, and nothing held', 'remote a 1 -', 1, 1],
    ['in sync', 'held a 1 A\nremote a 1 A', 0, 0],
    ['conflict and something to do', 'held a 1 A\nremote a 1 B\nremote b 1 B', 6, 6],
    ['lost', 'gone a 1 A\nremote b 1 -', 6, 6],
    ['nothing found', '', 1, 1],
  ])('%s', (_, drawn, plain, detailed) => {
    expect(codeOfPlan(plan(drawn), false)).toBe(plain)
    expect(codeOfPlan(plan(drawn), true)).toBe(detailed)
  })
})

test.each([
  ['unknown-backup', 64],
  ['missing-tool', 64],
  ['ledger-damaged', 6],
  ['disk-full', 1],
])('a command ended by %s exits %i', (code, exit) => {
  expect(codeOfFailure(code)).toBe(exit)
})
