/** Which servers the storage is known to work on, and what to do about others. Pure. */

import type { Edition } from './objects.ts'

interface Versions {
  /** `15.20`, as the server says it. */
  postgres: string
  /** Of the extension; undefined where it is not used. */
  timescale: string | undefined
  edition: Edition
  /** Why TimescaleDB is not used, or what it is. */
  server: string
}

const FLOOR = { postgres: 15, timescale: '2.19' } as const
/** The newest that was tested. */
const CEILING = { postgres: 18, timescale: '2.31' } as const
const NAMES: Readonly<Record<Edition, string>> = { plain: 'PostgreSQL', apache: 'TimescaleDB', community: 'TimescaleDB Community' }
/** Completes "TimescaleDB, but": what to do about an extension that the server did not load as it started. */
export const NOT_LOADED = "it is not loaded: add it to shared_preload_libraries in the server's configuration and restart the server"
const RANKS: readonly Edition[] = ['plain', 'apache', 'community']

/**
 * What keeps the server from being used, as a sentence that says what to do; undefined when nothing does.
 *
 * @param required the least that the settings ask for
 */
export function refusalOf({ postgres, timescale, edition, server }: Versions, required: Edition): string | undefined {
  if (Number.parseInt(postgres, 10) < FLOOR.postgres)
    return `Expected PostgreSQL ${FLOOR.postgres} or newer, found ${postgres}. Upgrade the server (pg_upgrade), or name another one in database.url.`
  if (timescale !== undefined && isBelow(timescale, FLOOR.timescale))
    return (
      `Expected TimescaleDB ${FLOOR.timescale} or newer, found ${timescale}. Install a newer package on the server, restart it, and run ` +
      '"ALTER EXTENSION timescaledb UPDATE" as the first statement of a new session (psql -X) in this database.'
    )
  if (RANKS.indexOf(edition) < RANKS.indexOf(required))
    return `Expected ${NAMES[required]}, as storage.edition asks for, found ${server}. ${adviceFor(edition, required, server)} Or set storage.edition to any.`
  return undefined
}

function adviceFor(edition: Edition, required: Edition, server: string): string {
  if (server.endsWith(NOT_LOADED)) return 'Then have a superuser run "CREATE EXTENSION timescaledb", unless it is there.'
  if (edition === 'apache')
    return "Install the package of the Community edition (timescaledb-2-postgresql-… of Timescale's own repository, not the distribution's), and set timescaledb.license = 'timescale'."
  const image = required === 'community' ? ' (or the image timescale/timescaledb)' : ''
  return `Install TimescaleDB on the server${image}, add it to shared_preload_libraries, restart the server, and have a superuser run "CREATE EXTENSION timescaledb".`
}

/** Sentences about what was never tested. */
export function warningsOf({ postgres, timescale }: Pick<Versions, 'postgres' | 'timescale'>): string[] {
  const warnings: string[] = []
  if (Number.parseInt(postgres, 10) > CEILING.postgres) warnings.push(untested(`PostgreSQL ${postgres}`, CEILING.postgres))
  if (timescale !== undefined && isBelow(CEILING.timescale, timescale) && !timescale.startsWith(`${CEILING.timescale}.`))
    warnings.push(untested(`TimescaleDB ${timescale}`, CEILING.timescale))
  return warnings
}

const UNTESTED = 'the newest that was tested'
const untested = (found: string, newest: number | string) =>
  `${found} is newer than ${newest}, ${UNTESTED}: watch the log, and update tapedeck when it supports it.`

/** What a start was refused, among the lines that say what it did. */
const NOT_DONE = /^(The server did not|not done|the tables stay plain)/

/** Of the lines that say what a start did to the storage: those that an operator should hear of. */
export function linesOfConcern(lines: readonly string[]): string[] {
  return lines.filter((line) => NOT_DONE.test(line) || line.includes(UNTESTED))
}

/** By major and minor number. */
function isBelow(version: string, other: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number)
  return major < otherMajor || (major === otherMajor && minor < otherMinor)
}
