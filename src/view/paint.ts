import { styleText } from 'node:util'

export type Tone = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'plain'

/** Colours a piece of text that has been escaped already, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string

const PLAIN: Paint = (_, text) => text

// The caller has judged the stream (useColor); styleText must not judge process.stdout once more.
const COLOR: Paint = (tone, text) =>
  tone === 'plain' || text === '' ? text : styleText(tone, text, { validateStream: false })

export const paint = (color: boolean): Paint => (color ? COLOR : PLAIN)

/** Colour only on a terminal that can show it, and never where NO_COLOR says no. */
export const useColor = (
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean => stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
