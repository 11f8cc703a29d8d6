/** `2,000`. */
export const humanCount = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')

/** `1 file`, `2,000 files`. */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${humanCount(count)} ${count === 1 ? noun : plural}`
