// @ts-check
import { readFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { execa } from 'execa'
import stringWidth from 'string-width'

/** @typedef {import('./measure.js').Figure} Figure */

const row = (/** @type {readonly string[]} */ values) => `| ${values.join(' | ')} |`

const HEAD = ['work', 'ours', 'peer', 'result', 'goal', 'met']

/** @param {Figure} figure */
const cells = ({ work, ours, peer, result, goal, met }) => [
  work,
  ours,
  peer,
  result,
  goal,
  met === null ? '–' : met ? 'met' : 'NOT met',
]

/**
 * The table as a terminal shows it.
 * @param {readonly Figure[]} figures
 */
export function textTable(figures) {
  const rows = [HEAD, ...figures.map(cells)].map((row) => row.map((cell) => cell.replaceAll(/`|\*\*/g, '')))
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => stringWidth(row[column] ?? ''))))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - stringWidth(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/**
 * docs/benchmarks.md.
 * @param {readonly { readonly name: string, readonly how: string, readonly figures: readonly Figure[] }[]} measured
 */
export async function markdown(measured) {
  return whole((await machine()).map((line) => `- ${line}`).join('\n'), measured.map(section))
}

/**
 * The page: how to read it, the rows that a user feels (their work is in bold), the machine, and each case.
 * @param {string} machine
 * @param {readonly string[]} sections
 */
function whole(machine, sections) {
  const felt = sections.flatMap((text) => text.split('\n').filter((line) => line.startsWith('| **')))
  return `# Benchmarks

Written by \`npm run bench\`. Every figure is a ratio to a peer measured alternately with it, in the same run, over a real sshd. Times are
the median of all rounds, with the fastest and the slowest in brackets. What you feel, a real line first and loopback last:

${felt.length === 0 ? 'Not measured yet.' : [row(HEAD), row(HEAD.map(() => '---')), ...felt].join('\n')}

${machine}

${sections.join('\n\n')}
`
}

/**
 * docs/benchmarks.md with the sections of some cases written anew. `names`: every case, in the report's order.
 * @param {string} report
 * @param {readonly { readonly name: string, readonly how: string, readonly figures: readonly Figure[] }[]} measured
 * @param {readonly string[]} names
 */
export async function withSections(report, measured, names) {
  const [head = '', ...old] = report.trimEnd().split(/\n\n(?=## )/)
  const sections = new Map(old.map((text) => [/^## (.*)/.exec(text)?.[1] ?? '', text]))
  const [made] = await machine()
  for (const one of measured) sections.set(one.name, `${section(one)}\n\nMeasured on its own: ${made}.`)
  const sorted = [...sections].toSorted(([a], [b]) => names.indexOf(a) - names.indexOf(b))
  return whole(
    head.slice(head.indexOf('\n- ') + 1),
    sorted.map(([, text]) => text),
  )
}

/** @param {{ readonly name: string, readonly how: string, readonly figures: readonly Figure[] }} measured */
function section({ name, how, figures }) {
  const table = [row(HEAD), row(HEAD.map(() => '---')), ...figures.map((figure) => row(cells(figure)))]
  return `## ${name}\n\n${how}\n\n${table.join('\n')}`
}

/** @returns {Promise<string[]>} */
async function machine() {
  const first = async (/** @type {string} */ program, /** @type {string[]} */ args) => {
    const { stdout, stderr } = await execa(program, args, { reject: false })
    return (stdout || stderr || 'none').split('\n')[0]?.trim() ?? 'none'
  }
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  const cores = cpus()
  return [
    `${new Date().toISOString().slice(0, 10)}, backup-reconciler ${version}, Node ${process.version}`,
    `${cores.length} cores (${cores[0]?.model}), ${Math.round(totalmem() / 2 ** 30)} GiB of memory, Linux ${release()}`,
    await first('rsync', ['--version']),
    await first('ssh', ['-V']),
    await first('rclone', ['version']),
  ]
}
