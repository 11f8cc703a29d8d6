import type { Guess, Yaml } from './guess.ts'

export function writeSpec({ findings }: Guess, base: Readonly<Record<string, Yaml>>): string {
  const keys = { ...base, ...Object.fromEntries(findings.map(({ key, value }) => [key, value])) }
  return Object.entries(keys)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('')
}
