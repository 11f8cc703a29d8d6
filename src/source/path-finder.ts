/**
 * Which of `paths` an absolute path at the source is: the longest that it ends with. How the path starts is up to the source, and rrsync may
 * have turned it into a descriptor's.
 */
export const pathFinder =
  (paths: ReadonlySet<string>) =>
  (absolute: string): string | null => {
    for (let at = 0; at !== -1; ) {
      const rest = absolute.slice(at)
      if (paths.has(rest)) return rest
      const slash = absolute.indexOf('/', at)
      at = slash === -1 ? -1 : slash + 1
    }
    return null
  }
