import type { Halt } from '../model/trouble.ts'

/** A halt unless `path` is, at this moment, exactly a mount point; null: it is, or none was asked for. */
export async function checkMount(path: string | null): Promise<Halt | null> {
  throw new Error(`soon ${path}`)
}
