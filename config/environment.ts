/** The settings that environment variables give. A variable that is empty counts as not set. */

import type { Layer, Path, Problem, Source } from './layers.ts'
import { formatPath } from './layers.ts'

export type Environment = Readonly<Record<string, string | undefined>>

interface Variable {
  name: string
  path: Path
  number?: boolean
}

const VARIABLES: readonly Variable[] = [
  { name: 'TAPEDECK_DATA_DIR', path: ['dataDir'] },
  { name: 'DATABASE_URL', path: ['database', 'url'] },
  { name: 'DB_PASSWORD_COMMAND', path: ['database', 'passwordCommand'] },
  { name: 'DB_PASSWORD_FILE', path: ['database', 'passwordFile'] },
  { name: 'COLLECTION_INTERVAL_MS', path: ['database', 'batchMs'], number: true },
  { name: 'IB_HOST', path: ['gateway', 'host'] },
  { name: 'IB_PORT', path: ['gateway', 'port'], number: true },
  { name: 'IB_CLIENT_ID', path: ['gateway', 'clientId'], number: true },
  { name: 'EXPIRY_RANGE_DAYS', path: ['universe', 'expiryDays'], number: true },
  ...['stock', 'option', 'index', 'future'].map((kind) => ({
    name: 'MAX_SPREAD_PERCENT',
    path: ['rules', 'wide-spread', kind],
    number: true,
  })),
  { name: 'LOG_LEVEL', path: ['log', 'level'] },
]

const DATABASE_PARTS = ['DB_HOST', 'DB_PORT', 'DB_NAME', 'DB_USER', 'DB_PASSWORD'] as const

/** Above every offset in a file: problems of the environment are listed after those of the file. */
const ORDER = 2 ** 40

/**
 * Reads the variables. `DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD` together make `database.url`, unless DATABASE_URL is set;
 * those that are missing are localhost, 5432, tapedeck, tapedeck and no password.
 */
export function readEnvironment(environment: Environment): { layer: Layer; problems: Problem[] } {
  const values: Record<string, unknown> = {}
  const names = new Map<string, string>()
  const problems: Problem[] = []

  const give = (path: Path, value: string | number, name: string) => {
    names.set(formatPath(path), name)
    let section = values
    for (const key of path.slice(0, -1)) section = (section[key] ??= {}) as Record<string, unknown>
    section[path.at(-1) ?? ''] = value
  }

  for (const { name, path, number } of VARIABLES) {
    const text = environment[name]
    if (text) give(path, number && /^\s*-?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : text, name)
  }
  const parts = DATABASE_PARTS.filter((name) => environment[name])
  if (parts.length > 0 && !environment['DATABASE_URL']) {
    if (isPort(environment['DB_PORT'] || '5432')) give(['database', 'url'], composeUrl(environment), parts.join(', '))
    else problems.push({ source: sourceOf('DB_PORT'), text: 'expected a port from 1 to 65535, found something else' })
  }
  return { layer: { values, source: (path) => sourceOf(names.get(formatPath(path)) ?? '') }, problems }
}

const sourceOf = (names: string): Source => ({ text: `environment ${names}`, order: ORDER })

const isPort = (text: string) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535

function composeUrl(environment: Environment): string {
  const part = (name: (typeof DATABASE_PARTS)[number], otherwise: string) => environment[name] || otherwise
  const host = part('DB_HOST', 'localhost')
  const password = part('DB_PASSWORD', '')
  const login = encodeURIComponent(part('DB_USER', 'tapedeck')) + (password && `:${encodeURIComponent(password)}`)
  // An IPv6 address goes into brackets; a folder of sockets is encoded like the rest.
  const address = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host.includes('/') ? encodeURIComponent(host) : host
  return `postgres://${login}@${address}:${part('DB_PORT', '5432')}/${encodeURIComponent(part('DB_NAME', 'tapedeck'))}`
}
