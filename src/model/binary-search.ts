/** The index of the first of sorted values for which this holds, as it does for all after it; their number where there is none. */
export function firstIndex<Value>(sorted: readonly Value[], holds: (value: Value) => boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(sorted[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}
