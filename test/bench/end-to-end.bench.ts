/**
 * From the socket to the commit: a gateway process at full speed, a collector process, the database. The limit is the same gateway
 * with a client that is @stoqey/ib alone and only counts: what the library leaves of the machine.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { EventName, IBApi } from '@stoqey/ib'

import { toIbContract } from '../../collector/ib/map-contract.ts'
import { connectClient } from '../../db/pool.ts'
import { writeTape } from '../../db/tape/writer.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { forEachEdition } from '../support/databases.ts'
import { seeded } from '../support/random.ts'
import { type CollectTotals, startCollector, startGatewayProcess } from '../support/recording.ts'
import { measure } from './harness.ts'
import { contractOf, INSTRUMENTS } from './quotes.ts'

const TICKS = 400_000
const START_US = Date.UTC(2014, 5, 5, 13, 30) * 1000
const STEP_US = 100_000
const END_OF_TAPE = 99_000

/** Every line changes at every step: as many messages as IB's sampling lets through. */
function* randomWalk(): Generator<TapeRecord[]> {
  let seq = 0
  for (let i = 0; i < INSTRUMENTS; i++) yield [{ kind: 'contract', seq: ++seq, tsUs: START_US, instrument: i, contract: contractOf(i) }]
  const random = seeded(1)
  const cents = Array.from({ length: INSTRUMENTS }, (_, i) => 200 + i)
  for (let step = 1; seq < TICKS; step++) {
    const records: TapeRecord[] = []
    for (let instrument = 0; instrument < INSTRUMENTS; instrument++) {
      const bid = Math.max(10, (cents[instrument] ?? 0) + (random() < 0.5 ? -1 : 1))
      cents[instrument] = bid
      const size = () => 1 + Math.floor(random() * 99)
      records.push({
        kind: 'quote',
        seq: ++seq,
        tsUs: START_US + step * STEP_US,
        instrument,
        bidPrice: bid / 100,
        askPrice: (bid + 2) / 100,
        bidSize: size(),
        askSize: size(),
      })
    }
    yield records
  }
}

forEachEdition('end to end', ({ name, createTapeDatabase }) => {
  let folder: string | undefined
  let url = ''
  let tape = ''
  measure({
    title: `socket to commit, ${INSTRUMENTS} lines at full speed, on ${name}`,
    unit: 'ticks/s',
    limit: '@stoqey/ib alone, counting',
    round: async () => {
      if (!folder) {
        folder = await mkdtemp(join(tmpdir(), 'tapedeck-bench-'))
        tape = join(folder, 'walk.tape')
        await writeTape(tape, { source: 'import' }, randomWalk())
        url = await createTapeDatabase()
      }
      const limit = await countOnly(tape)
      const { ticks, seconds, messages } = await record(tape, url, join(folder, 'data'))
      return { ours: ticks / seconds, limit, more: { 'messages/s': messages / seconds } }
    },
    cleanUp: async () => {
      if (folder) await rm(folder, { recursive: true, force: true })
    },
  })
})

/** Seconds run from the first commit to the last: the start of the processes is not measured. */
async function record(tape: string, databaseUrl: string, dataDir: string) {
  const gateway = startGatewayProcess(tape, INSTRUMENTS + 1, ['--once'])
  try {
    const { port } = await gateway.event<{ port: number }>('listening')
    const collector = startCollector({ port, dataDir, databaseUrl, symbol: 'TWX' })
    const { sessionId, received, messages } = await collector.event<CollectTotals>('summary')
    await collector.succeeded()
    const client = await connectClient(databaseUrl)
    const { rows } = await client.query<{ seconds: number }>(
      `SELECT extract(epoch FROM max(committed_at) - min(committed_at) FILTER (WHERE accepted_ticks > 0))::float8 AS seconds
       FROM batches WHERE session_id = $1`,
      [sessionId],
    )
    await client.end()
    return { ticks: received, messages, seconds: rows[0]?.seconds ?? Number.NaN }
  } finally {
    gateway.kill('SIGKILL')
  }
}

/** Ticks per second that reach listeners which only count. */
async function countOnly(tape: string): Promise<number> {
  // The library alone does not pace its requests.
  const gateway = startGatewayProcess(tape, INSTRUMENTS, ['--once', '--message-rate', '0'])
  const { port } = await gateway.event<{ port: number }>('listening')
  const api = new IBApi({ host: '127.0.0.1', port, clientId: 9, maxReqPerSec: 10_000 })
  let firstMs = 0
  let messages = 0
  const ended = new Promise<number>((resolve) => {
    api.on(EventName.tickPrice, () => {
      if (messages++ === 0) firstMs = performance.now()
    })
    api.on(EventName.tickSize, () => undefined)
    api.on(EventName.currentTime, () => undefined)
    api.on(EventName.info, (_text, code) => {
      if (code === END_OF_TAPE) resolve((performance.now() - firstMs) / 1000)
    })
  })
  api.on(EventName.nextValidId, () => {
    for (let i = 0; i < INSTRUMENTS; i++) api.reqMktData(i + 1, toIbContract(contractOf(i)), '', false, false)
  })
  api.connect()
  const seconds = await ended
  api.disconnect()
  const { ticksServed } = await gateway.event<{ ticksServed: number }>('totals')
  return ticksServed / seconds
}
