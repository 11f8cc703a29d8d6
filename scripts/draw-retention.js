// Draws the pictures of docs/retention.md. `npm run docs`; a test holds them current, and what they show true.
import { mkdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * A row of points, oldest left. Each period has its label and its points; a point has its wall-clock time, the reasons for which it is
 * kept (none: ''), and `!` behind its time where it is pinned.
 *
 * @typedef {{
 *   name: string, title: string, rules: string, label: 'time' | 'day' | 'date',
 *   periods: [label: string, ...points: [time: string, reasons: string][]][],
 * }} Picture
 */

/** @type {readonly Picture[]} */
export const PICTURES = [
  {
    name: 'last',
    title: 'last: 3 keeps the three newest points, whenever they were made',
    rules: 'last=3',
    label: 'time',
    periods: [
      ['Fri 20', ['2026-11-20T02:00', '']],
      ['Sat 21', ['2026-11-21T02:00', '']],
      ['Sun 22', ['2026-11-22T02:00', 'last 3']],
      ['Mon 23', ['2026-11-23T02:00', 'last 2'], ['2026-11-23T14:00', 'last 1']],
    ],
  },
  {
    name: 'hourly',
    title: 'hourly: 3 keeps the newest point of each of the latest three hours that have one',
    rules: 'hourly=3',
    label: 'time',
    periods: [
      ['09:00–10:00', ['2026-11-23T09:10', '']],
      ['10:00–11:00', ['2026-11-23T10:10', ''], ['2026-11-23T10:40', 'hourly 3']],
      ['11:00–12:00', ['2026-11-23T11:10', ''], ['2026-11-23T11:40', 'hourly 2']],
      ['12:00–13:00', ['2026-11-23T12:10', 'last 1, hourly 1']],
    ],
  },
  {
    name: 'daily',
    title:
      'daily: 3 keeps the newest point of each of the latest three days that have one; an empty day does not count',
    rules: 'daily=3',
    label: 'time',
    periods: [
      ['Thu 19', ['2026-11-19T18:00', '']],
      ['Fri 20', ['2026-11-20T06:00', ''], ['2026-11-20T18:00', 'daily 3']],
      ['Sat 21', ['2026-11-21T06:00', ''], ['2026-11-21T18:00', 'daily 2']],
      ['Sun 22'],
      ['Mon 23', ['2026-11-23T06:00', 'last 1, daily 1']],
    ],
  },
  {
    name: 'weekly',
    title:
      'weekly: 3 keeps the newest point of each of the latest three ISO weeks; week 53 of 2026 ends on 3 January 2027',
    rules: 'weekly=3',
    label: 'date',
    periods: [
      ['week 51', ['2026-12-20', '']],
      ['week 52', ['2026-12-21', ''], ['2026-12-27', 'weekly 3']],
      ['week 53', ['2026-12-28', ''], ['2026-12-31', ''], ['2027-01-03', 'weekly 2']],
      ['week 1', ['2027-01-04', ''], ['2027-01-05', 'last 1, weekly 1']],
    ],
  },
  {
    name: 'monthly',
    title: 'monthly: 3 keeps the newest point of each of the latest three months',
    rules: 'monthly=3',
    label: 'day',
    periods: [
      ['August', ['2026-08-31', '']],
      ['September', ['2026-09-15', ''], ['2026-09-30', 'monthly 3']],
      ['October', ['2026-10-15', ''], ['2026-10-31', 'monthly 2']],
      ['November', ['2026-11-15', ''], ['2026-11-23', 'last 1, monthly 1']],
    ],
  },
  {
    name: 'yearly',
    title: 'yearly: 2 keeps the newest point of each of the latest two years',
    rules: 'yearly=2',
    label: 'date',
    periods: [
      ['2024', ['2024-06-30', ''], ['2024-12-31', '']],
      ['2025', ['2025-06-30', ''], ['2025-12-31', 'yearly 2']],
      ['2026', ['2026-06-30', ''], ['2026-11-23', 'last 1, yearly 1']],
    ],
  },
  {
    name: 'within',
    title:
      'within: 2d keeps every point younger than two days, counted back from the newest point, not from today',
    rules: 'within=2d',
    label: 'time',
    periods: [
      ['Sat 21', ['2026-11-21T06:00', ''], ['2026-11-21T18:00', '']],
      ['Sun 22', ['2026-11-22T06:00', 'within 2d'], ['2026-11-22T18:00', 'within 2d']],
      ['Mon 23', ['2026-11-23T06:00', 'within 2d'], ['2026-11-23T18:00', 'within 2d, last 1']],
    ],
  },
  {
    name: 'oldest',
    title: 'monthly: 12 is not filled yet, so it also keeps the oldest point there is',
    rules: 'monthly=12',
    label: 'day',
    periods: [
      ['September', ['2026-09-10', 'oldest'], ['2026-09-20', ''], ['2026-09-30', 'monthly 3']],
      ['October', ['2026-10-15', ''], ['2026-10-31', 'monthly 2']],
      ['November', ['2026-11-15', ''], ['2026-11-23', 'last 1, monthly 1']],
    ],
  },
  {
    name: 'pick-oldest',
    title: 'daily: 2 with pick: oldest keeps the first point of each day',
    rules: 'daily=2 pick=oldest',
    label: 'time',
    periods: [
      ['Sat 21', ['2026-11-21T00:00', ''], ['2026-11-21T08:00', ''], ['2026-11-21T16:00', '']],
      ['Sun 22', ['2026-11-22T00:00', 'daily 2'], ['2026-11-22T08:00', ''], ['2026-11-22T16:00', '']],
      ['Mon 23', ['2026-11-23T00:00', 'daily 1'], ['2026-11-23T08:00', '']],
    ],
  },
  {
    name: 'pin',
    title: 'a pinned point is always kept, and daily: 2 does not count it',
    rules: 'daily=2',
    label: 'time',
    periods: [
      ['Fri 20', ['2026-11-20T18:00', '']],
      ['Sat 21', ['2026-11-21T18:00', 'daily 2']],
      ['Sun 22', ['2026-11-22T18:00!', 'pin']],
      ['Mon 23', ['2026-11-23T18:00', 'last 1, daily 1']],
    ],
  },
]

const STEP = 72
const GAP = 8

/** @param {Picture} picture @returns {string} */
export function draw({ title, label, periods }) {
  let left = GAP
  const cells = periods.map(([name, ...points]) => {
    const width = STEP * Math.max(1, points.length)
    const middle = left + width / 2
    const inside = points.flatMap(([time, reasons], i) =>
      drawPoint(left + STEP * (i + 0.5), time, reasons, label),
    )
    const lines = [
      `<rect class="period" x="${left}" y="46" width="${width}" height="56" rx="4"/>`,
      ...inside,
      `<text class="name" x="${middle}" y="120">${name}</text>`,
    ]
    left += width + GAP
    return lines
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left} 130" width="${left}" height="130" role="img">
  <title>${title}</title>
  <style>
    text { font: 12px system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; text-anchor: middle; fill: #4b5563; }
    .period { fill: none; stroke: #9ca3af; }
    .kept { fill: #2563eb; stroke: #2563eb; stroke-width: 2; }
    .gone { fill: none; stroke: #9ca3af; stroke-width: 2; }
    .why { fill: #1d4ed8; font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      text { fill: #9ca3af; }
      .period, .gone { stroke: #6b7280; }
      .kept { fill: #60a5fa; stroke: #60a5fa; }
      .why { fill: #93c5fd; }
    }
  </style>
${cells
  .flat()
  .map((line) => `  ${line}\n`)
  .join('')}</svg>
`
}

/** @param {number} x @param {string} time @param {string} reasons @param {Picture['label']} label @returns {string[]} */
function drawPoint(x, time, reasons, label) {
  const why = reasons === '' ? [] : reasons.split(', ')
  return [
    ...why.map(
      (reason, i) => `<text class="why" x="${x}" y="${38 - 15 * (why.length - 1 - i)}">${reason}</text>`,
    ),
    `<circle class="${why.length > 0 ? 'kept' : 'gone'}" cx="${x}" cy="66" r="8"/>`,
    `<text x="${x}" y="94">${labelOf(time.replace('!', ''), label)}</text>`,
  ]
}

/** @param {string} time @param {Picture['label']} label @returns {string} */
function labelOf(time, label) {
  const [date = '', clock = ''] = time.split('T')
  const [, month = '', day = ''] = date.split('-').map(Number)
  const name = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')[Number(month) - 1]
  return label === 'time' ? clock : label === 'day' ? `${day}` : `${day} ${name}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(import.meta.dirname, '../docs/pictures')
  mkdirSync(folder, { recursive: true })
  for (const picture of PICTURES) writeFileSync(resolve(folder, `${picture.name}.svg`), draw(picture))
}
