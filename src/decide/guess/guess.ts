import type { Instant } from '../../model/instant.ts'
import type { ListedFile } from '../../model/listing.ts'
import { isSidecar, isSumsFile } from '../../model/marker-name.ts'

export type Yaml = string | number | boolean | null | readonly Yaml[] | { readonly [key: string]: Yaml }

export interface Finding {
  readonly key: string
  readonly value: Yaml | undefined
  readonly ground: string
  readonly sure: boolean
  readonly question?: string
}

export interface Sort {
  readonly count: number
  readonly names: readonly string[]
}

export interface Guess {
  readonly findings: readonly Finding[]
  readonly files: Readonly<Record<'backups' | 'sidecars' | 'sums' | 'others', Sort>>
}

export interface GuessFacts {
  readonly now: Instant
  readonly texts?: ReadonlyMap<string, string>
  readonly zone: string
}

export function guessSpec(
  files: ReadonlyMap<string, Pick<ListedFile, 'size' | 'mtime'>>,
  _: GuessFacts,
): Guess {
  const sort = (test: (path: string) => boolean): Sort => {
    const names = [...files.keys()].filter(test)
    return { count: names.length, names: names.slice(0, 3) }
  }
  const sums = sort(isSumsFile)
  const sidecars = sort((path) => isSidecar(path) && !isSumsFile(path))
  return {
    findings:
      sums.count > 0
        ? [{ key: 'finished', value: { sums: sums.names[0]! }, ground: 'it is there', sure: true }]
        : sidecars.count > 0
          ? []
          : [{ key: 'finished', value: { quiet: '30m' }, ground: 'there are no checksum files', sure: true }],
    files: {
      backups: sort((path) => !isSidecar(path) && !isSumsFile(path)),
      sidecars,
      sums,
      others: { count: 0, names: [] },
    },
  }
}
