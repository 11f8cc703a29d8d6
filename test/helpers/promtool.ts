import { spawnSync } from 'node:child_process'

/** Whether Prometheus' own tool is installed: the package `prometheus` brings it. */
export const hasPromtool = spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0

/** What it says to these words; '' where it has nothing to object. */
export function promtool(words: readonly string[], input = '', cwd?: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', words, { input, encoding: 'utf8', cwd })
  return status === 0 ? '' : `${stdout}${stderr}`
}

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const SAMPLE = /^([a-z_][a-z0-9_]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (-?\d[\d.e+]*)$/
const LABEL = /([a-z_]+)="((?:[^"\\\n]|\\[\\n"])*)",?/g

/**
 * Reads the text format strictly: each metric has HELP and TYPE before its samples, all of which stand together, no sample comes twice,
 * and every line ends. Throws on the first line that is otherwise.
 */
export function readMetrics(text: string): readonly Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const samples: Sample[] = []
  const seen = new Set<string>()
  const declared = new Map<string, 'help' | 'type'>()
  let current = ''
  for (const line of text.trimEnd().split('\n')) {
    if (line === '') continue
    const [, kind, of = ''] = /^# (HELP|TYPE) (\S+) .+$/.exec(line) ?? []
    if (kind === 'HELP' && !declared.has(of)) declared.set(of, 'help')
    else if (kind === 'TYPE' && declared.get(of) === 'help') {
      declared.set(of, 'type')
      current = of
    } else {
      const [, name = '', labels = '', value] = SAMPLE.exec(line) ?? []
      if (name !== current || name === '' || seen.has(`${name}{${labels}}`))
        throw new Error(`no sample: ${line}`)
      seen.add(`${name}{${labels}}`)
      const found = [...labels.matchAll(LABEL)].map(([, key = '', text = '']) => [key, plain(text)])
      samples.push({ name, labels: Object.fromEntries(found), value: Number(value) })
    }
  }
  return samples
}

const plain = (text: string): string =>
  text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
