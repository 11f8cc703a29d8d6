import { distance } from 'fastest-levenshtein'

/** The candidate closest to a misspelt word, and by how many edits it differs; null: there are none. */
export function nearestOf(
  typed: string,
  candidates: Iterable<string>,
): { readonly name: string; readonly edits: number } | null {
  let best: { readonly name: string; readonly edits: number } | null = null
  for (const name of candidates) {
    const edits = distance(typed, name)
    if (best === null || edits < best.edits) best = { name, edits }
  }
  return best
}

/** The candidate that a misspelt word is meant to be; null: none is close. */
export function nearest(typed: string, candidates: Iterable<string>): string | null {
  const found = nearestOf(typed, candidates)
  const length = typed.replace(/^-+/, '').length
  const most = length < 4 ? 1 : Math.max(2, Math.floor(length / 3))
  return found !== null && found.edits <= most ? found.name : null
}

/** Words that other tools have for it, and what does it here. Each is one sentence; none is the word of a command. */
const MEANINGS: Readonly<Record<string, string>> = {
  'fsck scrub checksum audit': 'reconcile verify reads published files again, and names what is damaged.',
  'check lint test':
    'reconcile validate checks specs, reconcile status the backups, reconcile -n what a pass would do.',
  'list ls show info inspect describe get':
    'reconcile status lists the backups, reconcile explain NAME what one holds.',
  'pull sync backup start fetch copy once now go push':
    'A pass does that: reconcile, or reconcile NAME for one backup.',
  'diff preview dryrun dry-run simulate what-if':
    'reconcile --dry-run --diff shows what a pass would change.',
  'recover extract download': 'reconcile restore NAME --list shows what can be copied back.',
  'undo undelete': 'reconcile prune NAME --undo PATH restores what a prune removed.',
  'add create new edit configure setup import':
    'A spec is a YAML file in the specs folder: edit it there. reconcile add or init writes a first one.',
  'logs journal history events audit-log':
    'reconcile log NAME prints what happened; --log-file keeps the log of a pass.',
  'delete del rm remove': 'reconcile prune NAME PATH --reason R removes files by name.',
  'forget clean cleanup expire gc purge rotate': 'reconcile prune NAME removes what no rule keeps.',
  'config settings cat dump':
    'reconcile validate --effective NAME prints a spec, reconcile validate checks them all.',
  'daemon serve server cron schedule':
    'reconcile watch runs each backup on its schedule; reconcile service print makes it a service.',
  'install enable': 'reconcile service print prints systemd units that run it for good.',
  'pause stop disable': 'reconcile suspend NAME pauses a backup.',
  'unpause continue unsuspend':
    'reconcile resume NAME ends a suspension. A cut-off transfer goes on with the next pass.',
  'approve accept ack acknowledge unhold confirm allow':
    'reconcile release ID passes a hold; a conflict is acknowledged in its spec.',
  'unlock lock': 'A lock ends with its process; reconcile status NAME shows who holds it.',
  why: 'reconcile explain NAME/PATH says why a file is here or not.',
  'fix repair rebuild': 'A pass repairs files by itself; reconcile doctor repairs a damaged ledger.',
  'monitor health metrics prometheus nagios':
    'reconcile status --check is for Nagios, reconcile status --output prometheus for Prometheus.',
  'jobs ps progress top': 'reconcile status shows what runs now.',
  completion: 'There is no such command.',
  version: 'reconcile --version prints it.',
  'usage man': 'reconcile --help lists commands and flags.',
}

/** Flags of other tools, and ours that does the same. */
const FLAG_WORDS: Readonly<Record<string, string>> = {
  '--branch --commit --tag --rev --revision': '--ref',
  '--repo --repository --url': '--git',
  '--bwlimit --limit-rate --rate-limit': '--bandwidth',
  '--jobs --parallel --threads': '--concurrency',
  '--format': '--output',
  '--save': '--out',
}

/** Our flag of that meaning; null: there is none. */
export const flagMeant = (flag: string): string | null =>
  Object.entries(FLAG_WORDS).find(([words]) => words.split(' ').includes(flag))?.[1] ?? null

/** What does here what a word of other tools means; null: it is not known. */
export const meaningOf = (word: string): string | null =>
  Object.entries(MEANINGS).find(([words]) => words.split(' ').includes(word.toLowerCase()))?.[1] ?? null
