import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { draw, PICTURES } from '../../scripts/draw-retention.js'
import { told } from '../helpers/points.ts'
import { projectRoot, readDocument } from './documented.ts'

describe.each(PICTURES)('docs/pictures/$name.svg', (picture) => {
  test('is as `npm run docs` draws it, and is shown in docs/retention.md with its title', () => {
    expect(readDocument(`docs/pictures/${picture.name}.svg`)).toBe(draw(picture))
    expect(readDocument('docs/retention.md')).toContain(`![${picture.title}](pictures/${picture.name}.svg)`)
  })

  test('shows what the rules keep', () => {
    const points = picture.periods.flatMap(([, ...points]) => points)
    const table = points.map(([time, reasons]) => `${time} ${reasons === '' ? 'gone' : reasons}`).join('\n')
    const { expected, actual } = told('Europe/Oslo', picture.rules, table)
    expect(actual).toEqual(expected)
  })
})

test('there is no picture that nothing draws', () => {
  const files = readdirSync(join(projectRoot, 'docs/pictures'))
  expect(files.toSorted()).toEqual(PICTURES.map(({ name }) => `${name}.svg`).toSorted())
})
