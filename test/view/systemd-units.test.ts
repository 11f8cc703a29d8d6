import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa, execaSync } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  renderUnit,
  UNIT_FILES,
  type UnitFacts,
  type UnitKind,
  USUAL_FACTS,
} from '../../src/view/systemd-units.ts'

const packaged = resolve(import.meta.dirname, '../../packaging/systemd')
const kinds = Object.keys(UNIT_FILES) as UnitKind[]

const hasTool = !execaSync('systemd-analyze', ['--version'], { reject: false }).failed
const NO_TOOL = 'systemd-analyze is not installed: nothing was tested'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'units-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const ODD = '/srv/my disk/50% "off" site\\x$HOME'

/** A box on which everything has a name that units read in their own way. */
const odd: UnitFacts = {
  ...USUAL_FACTS,
  command: [process.execPath, '/opt/a b/50%/cli.js', '--config', `${ODD}/config.yaml`],
  writable: [ODD, '/srv/x'],
  mounts: [ODD, '/srv/.x-y'],
}

/** What systemd says of these units, and how exposed it finds the worst of them. */
async function analyze(facts: UnitFacts) {
  const files = await Promise.all(
    kinds.map(async (kind) => {
      const file = join(folder, UNIT_FILES[kind])
      await writeFile(file, renderUnit(kind, facts))
      return file
    }),
  )
  const verified = await execa('systemd-analyze', ['verify', '--man=no', ...files], {
    reject: false,
    all: true,
  })
  const services = files.filter((file) => file.endsWith('.service'))
  const judged = await Promise.all(
    services.map((file) =>
      execa('systemd-analyze', ['security', '--offline=yes', '--no-pager', '--threshold=20', file], {
        reject: false,
        all: true,
      }),
    ),
  )
  return {
    complaints: verified.all
      .split('\n')
      // There is no such program here.
      .filter((line) => line !== '' && !/Command \/usr\/local\/bin\/reconcile is not executable/.test(line)),
    exposed: judged.filter(({ exitCode }) => exitCode !== 0).map(({ all }) => all.split('\n').at(-1)),
  }
}

describe('packaging/systemd', () => {
  test('holds what the template makes: npm run docs', async () => {
    expect((await readdir(packaged)).sort()).toEqual(Object.values(UNIT_FILES).sort())
    for (const kind of kinds) {
      expect(await readFile(join(packaged, UNIT_FILES[kind]), 'utf8')).toBe(renderUnit(kind, USUAL_FACTS))
    }
  })

  test.for<[string, UnitFacts]>([
    ['as packaged', USUAL_FACTS],
    ['with names that units read in their own way', odd],
  ])('%s is sound to systemd, and exposed by 2.0 at most', async ([_, facts], { skip }) => {
    if (!hasTool) skip(NO_TOOL)
    expect(await analyze(facts)).toEqual({ complaints: [], exposed: [] })
  })

  test('a unit that is not sound is seen as such', async ({ skip }) => {
    if (!hasTool) skip(NO_TOOL)
    const { complaints } = await analyze({ ...USUAL_FACTS, command: ['reconcile\nNonsense=1'] })
    expect(complaints.join()).toMatch(/Nonsense/)
  })
})

test('what units read in their own way is escaped', () => {
  const unit = renderUnit('service', odd)
  const path = '/srv/my disk/50%% \\"off\\" site\\\\x'
  expect(unit).toContain(
    `ExecStart=${process.execPath} "/opt/a b/50%%/cli.js" --config "${path}$$HOME/config.yaml" watch\n`,
  )
  expect(unit).toContain(`ReadWritePaths="-${path}$HOME" -/srv/x\n`)
})

test('mounts are waited for under the names that systemd gives them', async ({ skip }) => {
  const paths = ['/', '/srv/off-site', '/srv/.x', '/.hidden', ODD, '/srv/Sicherung für später']
  const units = renderUnit('once', { ...USUAL_FACTS, mounts: paths }).match(
    /^After=network-online\.target (.*)$/m,
  )![1]!
  const escaped = await execa('systemd-escape', ['--path', '--suffix=mount', ...paths], { reject: false })
  if (escaped.failed) skip('systemd-escape is not installed: nothing was tested')
  expect(units).toBe(escaped.stdout)
})
