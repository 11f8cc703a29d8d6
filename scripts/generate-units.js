// Writes packaging/systemd from the same template as `reconcile service print`. Part of `npm run docs`; a test holds them current.
import { mkdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

// By a path of its own, for the types are checked before anything is built.
const built = new URL('../dist/view/systemd-units.js', import.meta.url).href
const { renderUnit, UNIT_FILES, USUAL_FACTS } = await import(built)

const folder = resolve(import.meta.dirname, '../packaging/systemd')
mkdirSync(folder, { recursive: true })
for (const [kind, file] of Object.entries(UNIT_FILES)) {
  writeFileSync(resolve(folder, String(file)), renderUnit(kind, USUAL_FACTS))
}
