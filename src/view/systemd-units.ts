/** `service`: the daemon. `once` and `timer`: a pass an hour. */
export type UnitKind = 'service' | 'timer' | 'once'

export const UNIT_FILES: Readonly<Record<UnitKind, string>> = {
  service: 'reconcile.service',
  timer: 'reconcile.timer',
  once: 'reconcile-once.service',
}

/** What differs from box to box. Paths are absolute. */
export interface UnitFacts {
  readonly user: string
  /** The program with the flags that every command takes; the first word is a path. */
  readonly command: readonly string[]
  /** Folders that it writes to, besides /var/lib/reconcile; they exist before it starts, or are mounted later. */
  readonly writable: readonly string[]
  /** Where disks may be mounted that it waits for. */
  readonly mounts: readonly string[]
  /** How these units came to be. */
  readonly origin: string
}

/** The units in packaging/systemd: ready for a box with destinations in /srv/offsite. */
export const USUAL_FACTS: UnitFacts = {
  user: 'reconcile',
  command: ['/usr/local/bin/reconcile', '--state', '/var/lib/reconcile'],
  writable: ['/srv/offsite'],
  mounts: ['/srv/offsite'],
  origin: 'For another user, program or folder: reconcile service print',
}

/** A unit of systemd 252 or newer. */
export function renderUnit(kind: UnitKind, facts: UnitFacts): string {
  if (kind === 'timer') return timer(facts)
  return kind === 'service' ? daemon(facts) : once(facts)
}

const head = (kind: UnitKind, { user, origin }: UnitFacts): string =>
  [
    `# /etc/systemd/system/${UNIT_FILES[kind]}`,
    `# ${origin}`,
    ...(kind === 'timer'
      ? [
          `# Needs ${UNIT_FILES.once} as well. To enable it: systemctl daemon-reload && systemctl enable --now reconcile.timer`,
        ]
      : [
          kind === 'service'
            ? '# To enable it: systemctl daemon-reload && systemctl enable --now reconcile.service'
            : '# Started by reconcile.timer, or by hand: systemctl start reconcile-once.service',
          `# The user ${user} must own the destinations and be able to read the specs, the ssh keys (0600, its own) and known_hosts.`,
        ]),
    '',
  ].join('\n')

const daemon = (facts: UnitFacts): string => `${head('service', facts)}
[Unit]
Description=Off-site backups, pulled as declared
${afterMounts(facts)}

[Service]
Type=notify
# It notifies through systemd-notify(1), which is not the main process.
NotifyAccess=all
WatchdogSec=5min
ExecStart=${commandLine([...facts.command, 'watch'])}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=30
# Wrong usage, or a program is missing: a restart would not help.
RestartPreventExitStatus=64
${confinement(facts)}

[Install]
WantedBy=multi-user.target
`

const once = (facts: UnitFacts): string => `${head('once', facts)}
[Unit]
Description=Off-site backups, one pass
${afterMounts(facts)}

[Service]
Type=oneshot
# Silent while all is well. Any exit code but 0 marks the unit failed, as systemctl --failed shows.
ExecStart=${commandLine([...facts.command, '--quiet', 'run'])}
# Stopped by systemctl, with every byte kept.
SuccessExitStatus=143
${confinement(facts)}
`

const timer = (facts: UnitFacts): string => `${head('timer', facts)}
[Unit]
Description=Off-site backups, a pass an hour

[Timer]
Unit=${UNIT_FILES.once}
OnCalendar=hourly
# Not all boxes at once.
RandomizedDelaySec=5min
# Makes up for passes missed while the box was off, with one pass.
Persistent=true

[Install]
WantedBy=timers.target
`

/** Ordered after the disks without requiring them: a missing one must not stop the backups to the others. */
const afterMounts = ({ mounts }: UnitFacts): string =>
  [
    'Wants=network-online.target',
    `After=${['network-online.target', ...mounts.map(mountUnit)].join(' ')}`,
  ].join('\n')

const confinement = ({ user, writable }: UnitFacts): string => `
User=${user}
# The group may read what is published, others nothing. Our own folders and files are for the user alone.
UMask=0027
# The parent ends transfers and keeps their bytes; what remains after that is killed.
KillMode=mixed
TimeoutStopSec=30

# All it may write to. A leading - allows the folder to be missing; create it before the first start.
StateDirectory=reconcile
StateDirectoryMode=0700
${writable.length === 0 ? '' : `ReadWritePaths=${writable.map((path) => quote(`-${path}`)).join(' ')}\n`}ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
LockPersonality=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service @pkey
# Not MemoryDenyWriteExecute: Node compiles as it runs.
LimitCORE=0`

const commandLine = (words: readonly string[]): string =>
  words.map((word, i) => (i === 0 ? quote(word) : quote(word).replaceAll('$', '$$$$'))).join(' ')

/** One word of a unit's line: `%` begins a specifier, white space ends a word, quotes and backslashes are read. */
function quote(text: string): string {
  const plain = text.replaceAll('%', '%%')
  return /^[\w@%+=:,./~-]+$/.test(plain) ? plain : `"${plain.replace(/["\\]/g, '\\$&')}"`
}

/** As `systemd-escape --path --suffix=mount` names it. */
function mountUnit(path: string): string {
  const bytes = Buffer.from(path.replace(/^\/+|\/+$/g, ''))
  let name = ''
  for (const [i, byte] of bytes.entries()) {
    const char = String.fromCharCode(byte)
    if (char === '/') name += '-'
    else if (/[A-Za-z0-9:_]/.test(char) || (char === '.' && i > 0)) name += char
    else name += `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return `${name === '' ? '-' : name}.mount`
}
