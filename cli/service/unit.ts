/** The text of a systemd unit, and whether one that is there is still as it was written. Pure: the same options give the same text. */

import { createHash } from 'node:crypto'

export interface UnitOptions {
  /** Of the user's own manager; else of the machine's. */
  isUser: boolean
  /** Node.js and the program. */
  node: string
  program: string
  /** Absolute. */
  dataDir: string
  config?: string | undefined
  /** Of the database: what is in it is handed to the service and to nobody else. */
  passwordFile?: string | undefined
  /** Of the machine's manager. */
  account: string
}

const MARK = '# Written by `tapedeck service install`. Checksum of what follows: '

/** A home directory that has the program in it must stay readable. */
const HOME = /^\/(home|root|run\/user)\//

/** The flush of the journal takes up to 30 s, and a private database needs a moment. */
const STOP_SECONDS = 90
const WATCHDOG_SECONDS = 60

export function unitText(options: UnitOptions): string {
  const text = `${[unit(), service(options), sandbox(options), install(options)].join('\n\n')}\n`
  return `${MARK}${checksum(text)}\n${text}`
}

/** False when somebody has changed it since, or wrote it. */
export function isOurs(text: string): boolean {
  const end = text.indexOf('\n') + 1
  return text.slice(0, end) === `${MARK}${checksum(text.slice(end))}\n`
}

const checksum = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** For a command line of systemd, which has escapes of its own. */
const quoted = (word: string) => `"${word.replaceAll(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`
/** For settings that take paths. */
const path = (name: string) => name.replaceAll('%', '%%').replaceAll(' ', '\\x20')

const unit = () => `[Unit]
Description=Tapedeck, recorder of market data
Wants=network-online.target
After=network-online.target time-sync.target
# It is started again for as long as it takes.
StartLimitIntervalSec=0`

function service({ isUser, node, program, dataDir, config, passwordFile, account }: UnitOptions): string {
  const words = [node, program, 'collect', ...(config === undefined ? [] : ['--config', config]), '--data-dir', dataDir]
  return `[Service]
Type=notify
# systemd-notify, a child, sends the messages: Node.js cannot.
NotifyAccess=all
ExecStart=${words.map(quoted).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=10
# A setting is wrong: starting again would not mend it.
RestartPreventExitStatus=2
WatchdogSec=${WATCHDOG_SECONDS}
TimeoutStartSec=180
# The journal is written to the database first; a second signal would cut that short.
TimeoutStopSec=${STOP_SECONDS}
# A private database is stopped by the collector, after its last batch.
KillMode=mixed
LimitNOFILE=65536
LimitCORE=0
UMask=0077${isUser ? '' : `\nUser=${account}\nGroup=${account}\nStateDirectory=tapedeck\nStateDirectoryMode=0700`}${
    passwordFile === undefined
      ? ''
      : `\nLoadCredential=database-password:${path(passwordFile)}\nEnvironment=DB_PASSWORD_FILE=%d/database-password`
  }`
}

/** MemoryDenyWriteExecute stays off: V8 compiles at run time. */
function sandbox({ isUser, node, program, dataDir }: UnitOptions): string {
  const isInHome = [node, program, dataDir].some((own) => HOME.test(own))
  return `# What it may do: read its programs, write its data, speak to the network.
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=${isUser || isInHome ? 'read-only' : 'yes'}
ReadWritePaths=${path(dataDir)}
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
CapabilityBoundingSet=
AmbientCapabilities=
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM`
}

const install = ({ isUser }: UnitOptions) => `[Install]
WantedBy=${isUser ? 'default' : 'multi-user'}.target`
