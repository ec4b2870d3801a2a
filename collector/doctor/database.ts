/** What the doctor asks of the database. It starts none and changes nothing. */

import { findBinaries } from '../../db/embedded/binaries.ts'
import { clusterPaths } from '../../db/embedded/cluster.ts'
import { findRunning } from '../../db/embedded/look.ts'
import { describeServer, type ServerDescription } from '../../db/describe-server.ts'
import { databaseName } from '../../db/connection-config.ts'
import { connectClient } from '../../db/pool.ts'
import { newestStockSizes } from '../../db/read/queries/stock-sizes.ts'
import { hasSqlState } from '../../db/sqlstates.ts'
import { stockSizeAdvice } from '../telemetry/stock-size-advice.ts'
import { type Finding, messageOf } from './finding.ts'

/** The clocks of two machines that use NTP differ by less. */
const CLOCK_TOLERANCE_MS = 1000
const INSUFFICIENT_PRIVILEGE = '42501'

export async function* checkDatabase({ dataDir, url }: { dataDir: string; url: string | undefined }): AsyncGenerator<Finding> {
  if (url !== undefined) return yield* checkServer(url)
  let running: string | undefined
  try {
    running = await findRunning(dataDir)
  } catch (error) {
    yield { check: 'database', state: 'failed', found: messageOf(error) }
    return
  }
  if (running === undefined) yield await checkPrograms(dataDir)
  else yield* checkServer(running)
}

async function checkPrograms(dataDir: string): Promise<Finding> {
  const programs = await findBinaries(dataDir)
  if (programs.length === 0)
    return {
      check: 'database',
      state: 'failed',
      found: `no database.url is set, and there are no programs of PostgreSQL for ${process.platform}-${process.arch} to run one here`,
      todo: 'install PostgreSQL or set DATABASE_URL',
    }
  const found = `the private one in ${clusterPaths(dataDir).home} is not running; \`tapedeck collect\` starts it. Its tables were not looked at`
  return { check: 'database', state: 'not checked', found }
}

async function* checkServer(url: string): AsyncGenerator<Finding> {
  let server: ServerDescription
  let aheadMs: number
  let sizes: Awaited<ReturnType<typeof newestStockSizes>>
  try {
    const client = await connectClient(url)
    try {
      const askedMs = Date.now()
      server = await describeServer(client)
      aheadMs = Math.round((askedMs + Date.now()) / 2 - server.clockMs)
      if (server.missing.length === 0 && server.mayWrite !== false) sizes = await newestStockSizes(client)
    } finally {
      await client.end()
    }
  } catch (error) {
    const todo = hasSqlState(error, INSUFFICIENT_PRIVILEGE)
      ? 'run tapedeck as the owner of the tables, or have the owner grant its role ALL on the schemas public and tapedeck and their tables'
      : 'a collector keeps its ticks in the journal until the database takes them'
    yield { check: 'database', state: 'failed', found: messageOf(error), todo }
    return
  }
  yield { check: 'database', state: 'ok', found: `${databaseName(url)}: ${server.server}` }
  yield tablesFinding(server)
  if (sizes) yield sizesFinding(sizes)
  const check = 'database clock'
  if (Math.abs(aheadMs) <= CLOCK_TOLERANCE_MS) yield { check, state: 'ok', found: 'agrees with this machine to the second' }
  else
    yield {
      check,
      state: 'warning',
      found: `this machine is ${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the database`,
      todo: 'set the clocks of both by NTP',
    }
}

/** Of the newest session that has found out, or was told, in which unit they come. */
function sizesFinding({ sessionId, sizes }: NonNullable<Awaited<ReturnType<typeof newestStockSizes>>>): Finding {
  const check = 'stock sizes'
  const units = Object.entries(sizes.groups).map(([group, { unit, how }]) => `${group} in ${unit} (${how})`)
  const found = `session ${sessionId}: ${units.join(', ')}`
  const advice = stockSizeAdvice(sizes)
  return advice.length === 0 ? { check, state: 'ok', found } : { check, state: 'warning', found, todo: advice.join('; ') }
}

function tablesFinding({ applied, missing, mayCreate, mayWrite, readOnly, role }: ServerDescription): Finding {
  const check = 'tables'
  const found =
    missing.length === 0 ? `up to date (${applied.at(-1)})` : `${missing.length} of ${applied.length + missing.length} migrations missing`
  if (readOnly)
    return { check, state: 'failed', found: `${found}; the server takes no writes`, todo: 'name the primary server, not a standby' }
  if (missing.length > 0 && !mayCreate)
    return {
      check,
      state: 'failed',
      found: `${found}, and role ${role} may not create tables`,
      todo: 'run `tapedeck db migrate` as the owner of the database, or as the administrator of the server grant CREATE on it',
    }
  if (mayWrite === false)
    return {
      check,
      state: 'failed',
      found: `${found}, but role ${role} may not write to them`,
      todo: `as their owner: GRANT ALL ON ALL TABLES IN SCHEMA public TO "${role}"`,
    }
  return { check, state: 'ok', found: missing.length === 0 ? found : `${found}; \`tapedeck collect\` applies them` }
}
