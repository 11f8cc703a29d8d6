import { InvalidArgumentError } from 'commander'
import { type Parsed, parseDuration, parseRate } from '../specs/units.ts'

const orRefuse = <T>(parsed: Parsed<T>): T => {
  if (parsed.ok) return parsed.value
  throw new InvalidArgumentError(parsed.fault)
}

/** Flags with units, read as in specs; commander says what is wrong with them. */
export const parseFlag = {
  duration: (text: string): number => orRefuse(parseDuration(text)),
  rate: (text: string): number | null => orRefuse(parseRate(text)),
  count: (text: string): number => {
    if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 1 to 999.')
    return Number(text)
  },
}
