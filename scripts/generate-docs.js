// Writes docs/spec.md from the schemas. Run by `npm run docs`; a test checks that the file is current.
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * @typedef {{
 *   title?: string, description?: string, type?: string | string[], default?: unknown, examples?: unknown[], enum?: unknown[],
 *   const?: unknown, minimum?: number, maximum?: number, required?: string[], allOf?: { $ref: string }[], $ref?: string,
 *   properties?: Record<string, Schema>, items?: Schema, dependencies?: Record<string, string[]>,
 *   definitions?: Record<string, Schema>, then?: Schema, additionalProperties?: Schema,
 * }} Schema
 */

/** How the page describes a value of each definition. */
const KINDS = /** @type {Record<string, string>} */ ({
  name: 'a name',
  host: 'a host name or address',
  user: 'a user name',
  hop: '`user@host` or `user@host:port`',
  nearPath: 'a path, absolute or from `~/`',
  boxPath: 'a path',
  glob: 'a glob',
  pattern: 'a [pattern](#patterns)',
  count: 'a whole number, 1 to 100000',
  rhythm: 'a [duration](#units) or `never`',
  expectation: 'keys with values',
  digest: 'an md5 or sha256 in hex',
  duration: 'a [duration](#units)',
  size: 'a [size](#units)',
  rate: 'a [rate](#units)',
  rateOrOff: 'a [rate](#units) or `off`',
  opening: 'a time of day',
  closing: 'a time of day',
  weekday: 'a day',
  word: 'text',
})

const code = (/** @type {unknown} */ value) =>
  `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

/** @param {Schema} schema @returns {string} */
function kindOf(schema) {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref
  if (ref !== undefined) return KINDS[ref.replace('#/definitions/', '')] ?? 'a value'
  if (schema.const !== undefined) return code(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(code).join(' or ')
  if (schema.type === 'integer') return `a whole number, ${schema.minimum} to ${schema.maximum}`
  if (schema.type === 'number') return `a number, ${schema.minimum} to ${schema.maximum}`
  if (schema.type === 'boolean') return '`true` or `false`'
  if (Array.isArray(schema.type)) {
    if (schema.type.includes('boolean')) return '`true`, `false`, or keys with values'
    const one = kindOf(schema.then ?? schema.items ?? {})
    if (isListOfOther(schema)) return `${one}, or a list`
    return `${one}, or a list of them`
  }
  if (schema.type === 'array') {
    return schema.items?.properties === undefined
      ? `a list: each ${kindOf(/** @type {Schema} */ (schema.items))}`
      : 'a list'
  }
  return schema.type === 'object' ? 'keys with values' : 'text'
}

/** Whether the items of a list that may replace a single value differ from that value. @param {Schema} schema */
const isListOfOther = ({ then, items }) => then?.$ref !== undefined && items?.$ref !== then.$ref

/** @param {Schema} parent @param {string} key @param {Schema} schema */
function facts(parent, key, schema) {
  const needs = parent.dependencies?.[key]?.filter((need) => need !== 'user') ?? []
  return [
    kindOf(schema),
    ...(parent.required?.includes(key) ? ['required'] : []),
    ...(schema.default === undefined ? [] : [`default ${code(schema.default)}`]),
    ...needs.map((need) => `only with ${code(need)}`),
  ].join('; ')
}

/** A value as one line of YAML. @param {unknown} value @returns {string} */
function flow(value) {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${key}: ${flow(inner)}`)
      .join(', ')} }`
  }
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^[A-Za-z0-9/~][A-Za-z0-9/._@-]*$/.test(value) && !/^[0-9a-f]{32}/.test(value)
    ? value
    : JSON.stringify(value)
}

/**
 * @param {Schema} schema
 * @param {Record<string, Schema>} definitions
 * @param {string} above
 * @param {string} level
 * @returns {string[]}
 */
function sections(schema, definitions, above, level) {
  const named = (/** @type {Schema} */ { $ref = '' }) => definitions[$ref.replace('#/definitions/', '')] ?? {}
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
    const examples = (inner.examples ?? []).map((example) => `\`${key}: ${flow(example)}\``)
    return [
      `${level} \`${above}${key}\``,
      `*${facts(schema, key, inner)}*`,
      inner.description ?? '',
      ...(examples.length === 0 ? [] : [`For example ${examples.join(', or ')}.`]),
      ...sections(inner.then ? named(inner.then) : inner, definitions, `${above}${key}.`, `${level}#`),
      ...(inner.additionalProperties
        ? sections(inner.additionalProperties, definitions, `${above}${key}.NAME.`, `${level}#`)
        : []),
      // Where a single value may replace a list, its keys are listed once.
      ...(inner.items === undefined || (inner.then && !isListOfOther(inner))
        ? []
        : sections(
            inner.items.$ref ? named(inner.items) : inner.items,
            definitions,
            `${above}${key}[].`,
            `${level}#`,
          )),
    ]
  })
}

const BEFORE = `# Specs and settings

<!-- Generated from schemas/*.schema.json by \`npm run docs\`. Edit the schemas or scripts/generate-docs.js. -->

A **spec** is one YAML file in the specs folder and declares one backup. The minimum is:

\`\`\`yaml
version: 1
source:
  host: db1.example.net
  user: backup
destination:
  path: /srv/offsite/{name}
\`\`\`

\`reconcile validate\` reports every fault of every file at once, each with its place and what was probably meant.
\`reconcile validate --effective NAME\` prints one spec with every default written out. \`reconcile schema\` prints the JSON Schema from
which this page is generated. An editor that supports it completes keys and shows these texts if the file's first line is
\`# yaml-language-server: $schema=backup.schema.json\`.

## The folder

Files whose names end in \`.yaml\` or \`.yml\` and do not begin with a dot are specs. Subfolders are not read and cause a warning. A
faulty spec does not run and makes the exit code 3; the good ones still run.

**\`_defaults.yaml\`** underlies every spec. Maps merge key by key. Lists, and the maps \`suspend\`, \`series\`, \`retain\`, \`schedule\` and
\`expect\`, replace the inherited value whole. An empty value (\`port:\`, or \`port: null\`) removes it. The file has the keys of a spec, but
no \`name\`, and none is required there. If it disappears, every backup is held until someone has looked.

**\`_hosts.yaml\`** names connections, for specs that share a machine:

\`\`\`yaml
nas:
  address: nas.example.net
  port: 222
  user: backup
\`\`\`

A spec with \`source: { host: nas }\` takes them. Its own keys take precedence over those of the host, and those over \`_defaults.yaml\`; again an
empty value removes. A name in this file takes precedence over a machine of that name, in upper or lower case, and an \`address\` is not looked up
again. A changed host changes the specs that use it, and no others. A fault in a host stops the backups that use it; if the file
cannot be parsed, every backup with a \`host\`. A host that no spec uses is a warning. If the file disappears, every backup is held.

**Refused**:

- unknown keys and keys written twice
- custom YAML tags, merge keys and more than 16 aliases; files over 256 KiB
- a name that two specs share
- a destination that two specs share, or that is inside another's, by real path (the backup that already holds it continues, the
  newcomer does not)
- a destination that is, contains or is inside a system folder, or anything that controls reconcile itself
- a destination inside its own source or the reverse
- paths outside the box's \`roots\`

## Units

| what | units | examples |
|---|---|---|
| duration | \`s\`, \`m\` (minutes), \`h\`, \`d\`, \`w\` | \`90s\`, \`15m\`, \`1.5h\` |
| size | \`B\`, \`kB\`, \`KiB\`, \`MB\`, \`MiB\`, \`GB\`, \`GiB\`, \`TB\`, \`TiB\` | \`10GiB\` is 10 × 1024³ bytes, \`10GB\` is 10 × 1000³ |
| rate | a size with \`/s\`, also \`kbit/s\` and \`Mbit/s\`, or \`unlimited\` | \`25KiB/s\`, which is rsync's \`--bwlimit=25\` |

A number without a unit is refused, and so is any other spelling of a unit: \`10G\` could be either.

## The list file

With \`source.listing\`, a file at the source says which files exist: one name per line, or the output of \`md5sum\` if all lines have that
form. CRLF, blank lines and a leading \`./\` are accepted. A name contains no \`/\`. Checksum files, the list itself and names that
begin with a dot are never data. A file that the list does not name counts as absent; a name without a file waits. A missing list is a
failure, and never a reason to list the folder instead. Checksums in the list are hints: only the checksum file next to a file marks it
as finished. A \`LIST.md5\` next to the list is checked if it exists.

## Patterns

\`series.pattern\` describes the form of names. Anything in braces is a token, everything else is text, and the whole name must fit.

| token | stands for |
|---|---|
| \`{YYYY}\` \`{MM}\` \`{DD}\` \`{hh}\` \`{mm}\` \`{ss}\` | year (1970 to 9999), month, day, hour, minute, second, all digits; each needs the one before it |
| \`{epoch}\` | seconds since 1970, instead of all of those |
| \`{series}\` | the kind of file: one or more characters, as many as fit |
| \`{part}\` | distinguishes the files of one point: one or more characters |

| pattern | name | series | date |
|---|---|---|---|
| \`{series}-{YYYY}-{MM}-{DD}.tar.gz\` | \`wiki-2026-11-23.tar.gz\` | \`wiki\` | the end of 23 November |
| \`db-{YYYY}{MM}{DD}T{hh}{mm}.{part}.gz\` | \`db-20261123T0215.schema.gz\` | \`db\` | 02:15 on that day |
| \`{YYYY}/{MM}/db-{YYYY}{MM}{DD}.gz\` | \`2026/11/db-20261123.gz\` | \`db\` | the end of that day |

A pattern without \`/\` fits names in any folder, and each folder has its own series (\`de/wiki\`); one with \`/\` fits the whole path.
A token used twice must match the same text both times. Without \`{series}\` the text before the first token names the series. A name
with a date but no time is dated at the end of that day. A date that does not exist, such as 30 February, does not fit. If a pattern has
no date, the modification time counts.

## Keys of a spec`

const HOSTS = `## Keys of _hosts.yaml`

const BETWEEN = `## Keys of config.yaml`

/**
 * docs/spec.md, whole.
 * @param {Schema} backup
 * @param {Schema} hosts
 * @param {Schema} config
 */
export const specDocs = (backup, hosts, config) =>
  `${[BEFORE, ...sections(backup, backup.definitions ?? {}, '', '###'), HOSTS, hosts.description ?? '', ...sections(hosts.additionalProperties ?? {}, hosts.definitions ?? {}, 'NAME.', '###'), BETWEEN, config.description ?? '', ...sections(config, config.definitions ?? {}, '', '###')].join('\n\n')}\n`

const root = resolve(import.meta.dirname, '..')

/** @param {string} name @returns {Schema} */
const schema = (name) => JSON.parse(readFileSync(resolve(root, `schemas/${name}.schema.json`), 'utf8'))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(resolve(root, 'docs/spec.md'), specDocs(schema('backup'), schema('hosts'), schema('config')))
}
