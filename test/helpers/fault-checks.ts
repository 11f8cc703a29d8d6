import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { digestOf, type World } from './world.ts'

/** Below the destination, without `.reconcile`: each regular file's path. */
async function filesOf(world: World): Promise<readonly string[]> {
  const found: string[] = []
  for (const entry of await readdir(world.destination, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(world.destination.length + 1)
    if (!path.startsWith('.reconcile') && entry.isFile()) found.push(path)
  }
  return found.sort()
}

/**
 * I2: under each final name stand just the bytes that `offered` says, whole, and no
 * marker stands without its data or with other words than the source's. `offered`: path -> bytes.
 */
export async function expectOnlyWhole(
  world: World,
  offered: ReadonlyMap<string, Uint8Array>,
): Promise<readonly string[]> {
  const files = await filesOf(world)
  for (const path of files) {
    const data = path.replace(/\.md5$/, '')
    const bytes = offered.get(data)
    expect(bytes, `${path} was never offered`).toBeDefined()
    if (data === path) {
      const held = await readFile(join(world.destination, path))
      expect(digestOf('md5', held), `${path} has other bytes`).toBe(digestOf('md5', bytes!))
      continue
    }
    expect(files, `I2: ${path} stands without its data`).toContain(data)
    const marker = await readFile(join(world.destination, path), 'latin1')
    expect(marker, `${path} claims something else`).toContain(digestOf('md5', bytes!))
  }
  return files
}

/** Everything that was offered is here, marked, and nothing else; and there are no files in staging. */
export async function expectConverged(world: World, offered: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const files = await expectOnlyWhole(world, offered)
  expect(files).toEqual([...offered.keys()].flatMap((path) => [path, `${path}.md5`]).sort())
  const staging = join(world.destination, '.reconcile/staging')
  const left = await readdir(staging, { recursive: true, withFileTypes: true })
  expect(left.filter((entry) => !entry.isDirectory()).map(({ name }) => name)).toEqual([])
}

export const stagedPath = (world: World, path: string): string =>
  join(world.destination, '.reconcile/staging', path)

/** Bytes in staging under this name; 0 where there is nothing. */
export const stagedSize = (world: World, path: string): Promise<number> =>
  stat(stagedPath(world, path)).then(
    ({ size }) => size,
    () => 0,
  )
