import type { Check, DoctorReport } from '../model/doctor.ts'
import { groupBy } from '../model/group-by.ts'
import { escapeText } from './escape-text.ts'
import { counted } from './human-count.ts'
import { localProse } from './local-prose.ts'
import { paint, type Tone } from './paint.ts'
import { wrapText } from './wrap-text.ts'

const TONES: Readonly<Record<Check['state'], Tone>> = {
  failed: 'red',
  warning: 'yellow',
  skipped: 'dim',
  ok: 'green',
}

const BOX = 'this box'

interface Found {
  readonly name: string
  readonly check: Check
}

/**
 * The verdict, then what failed and what is doubtful with what to do, each once with all that it is true of, then the rest in short. Ends
 * with a newline. `quiet`: nothing of what is fine.
 */
export function renderDoctor(
  { backups, box, diagnostics, exitCode }: DoctorReport,
  options: { readonly color: boolean; readonly width: number; readonly quiet: boolean },
): string {
  const brush = paint(options.color)
  const parts = [...backups.map(({ backup, checks }) => [backup, checks] as const), [BOX, box] as const]
  const all = parts.flatMap(([name, checks]) => checks.map((check): Found => ({ name, check })))
  const of = (state: Check['state']) => all.filter(({ check }) => check.state === state)
  if (options.quiet && exitCode === 0) return ''
  const width = options.width - 4
  const rows = (['failed', 'warning'] as const).flatMap((state) =>
    [...groupBy(of(state), ({ check: { code, message } }) => `${code}\0${message}`).values()].flatMap(
      (same) => {
        const { code, message, hint = '' } = same[0]!.check
        const names = same.map(({ name }) => escapeText(name)).join(', ')
        const head = wrapText(`${state} ${code}: ${names}`, options.width - 2)
        return [
          ...head.map((line, i) => (i === 0 ? brush(TONES[state], line) : `  ${line}`)),
          ...wrapText(localProse(message), width).map((line) => `    ${line}`),
          ...wrapText(localProse(hint), width).map((line) => brush('dim', `    ${line}`)),
          '',
        ]
      },
    ),
  )
  const rest = parts.flatMap(([name, checks]) => {
    const fine = checks
      .filter(({ state }) => state === 'ok')
      .map(({ code, message }) => (/^\d/.test(message) && name === BOX ? `${code} ${message}` : code))
    const open = groupBy(
      checks.filter(({ state }) => state === 'skipped'),
      ({ message }) => message,
    )
    const lines = [
      ...(fine.length === 0 ? [] : [`ok: ${fine.join(', ')}`]),
      ...[...open].map(([message, of]) => `${of.map(({ code }) => code).join(', ')} ${message}`),
    ]
    return [
      brush('bold', escapeText(name)),
      ...lines.flatMap((line) =>
        wrapText(localProse(line), width).map((text, i) => `${i === 0 ? '  ' : '    '}${text}`),
      ),
    ]
  })
  const faults = diagnostics.filter(({ severity }) => severity === 'error').length
  const lines = [
    ...wrapText(verdict(backups.length, faults, of('failed'), of('warning')), options.width),
    '',
    ...rows,
  ]
  return `${[...lines, ...(options.quiet ? [] : rest)].join('\n').trimEnd()}\n`
}

function verdict(
  count: number,
  faults: number,
  failed: readonly Found[],
  warnings: readonly Found[],
): string {
  const byName = groupBy(failed, ({ name }) => name)
  const codes = (of: readonly Found[]): string => [...new Set(of.map(({ check }) => check.code))].join(', ')
  const bad = [...byName].flatMap(([name, of]) => (name === BOX ? [] : `${escapeText(name)} (${codes(of)})`))
  const box = byName.get(BOX)
  const said = [
    ...(faults === 0
      ? []
      : [
          `${counted(faults, 'fault')} in specs or settings (reconcile validate): what is faulty was not checked`,
        ]),
    ...(bad.length === 0
      ? []
      : [`${bad.length} of ${count} ${bad.length === 1 ? 'needs' : 'need'} you: ${bad.join(', ')}`]),
    ...(box === undefined ? [] : [`this box needs you (${codes(box)})`]),
    ...(warnings.length === 0 ? [] : [counted(warnings.length, 'warning')]),
  ]
  if (failed.length + faults === 0) said.unshift(`all is well with ${counted(count, 'backup')} and this box`)
  const text = said.join('; ')
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`
}
