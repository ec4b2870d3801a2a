/**
 * From the socket to the commit: a gateway process at full speed, a collector process, the database. The limit is the same gateway
 * with a client that is @stoqey/ib alone and only counts: what the library leaves of the machine.
 */

import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

import { EventName, IBApi, TickByTickDataType } from '@stoqey/ib'

import { toIbContract } from '../../collector/ib/lookup/map-contract.ts'
import { connectClient } from '../../db/pool.ts'
import type { Part } from '../../backtester/demo/part.ts'
import { writeTape } from '../../db/tape/writer.ts'
import type { Contract, OptionContract } from '../../market/contract.ts'
import { optionPrice } from '../../market/option/pricing.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { seeded } from '../support/random.ts'
import { type CollectTotals, startCollector, startGatewayProcess, temporaryDirectory } from '../support/process/recording.ts'
import { measure } from './harness.ts'
import { contractOf, INSTRUMENTS } from './quotes.ts'

const TICKS = 400_000
const START_US = Date.UTC(2014, 5, 5, 13, 30) * 1000
const END_OF_TAPE = 99_000
const FIRST_CENTS = 8000

interface Shape {
  title: string
  contracts: readonly Contract[]
  /** Of tape time, between two rounds in which every contract is quoted once. */
  stepUs: number
  tickByTick: boolean
}

/**
 * Every line changes at every step: as many messages as IB's sampling lets through, two to a quote. The options follow one stock, as a
 * chain does whose quotes are in order with each other; quotes that contradict each other cost the rules several times as much.
 */
const SAMPLED_CHAIN: Shape = {
  title: `sampled quotes of a stock and ${INSTRUMENTS} options`,
  contracts: [{ kind: 'stock', symbol: 'TWX', currency: 'USD' }, ...Array.from({ length: INSTRUMENTS }, (_, i) => contractOf(i))],
  stepUs: 100_000,
  tickByTick: false,
}

/** One message is one quote; beside them go the sampled quotes of the same stocks, four a second. */
const TICK_BY_TICK_STOCKS: Shape = {
  title: 'tick-by-tick quotes of 8 stocks',
  contracts: Array.from({ length: 8 }, (_, i) => ({ kind: 'stock' as const, symbol: `S${i}`, currency: 'USD' })),
  stepUs: 400,
  tickByTick: true,
}

function* randomWalk({ contracts, stepUs }: Shape): Generator<TapeRecord[]> {
  let seq = 0
  for (const [instrument, contract] of contracts.entries()) yield [{ kind: 'contract', seq: ++seq, tsUs: START_US, instrument, contract }]
  const random = seeded(1)
  const cents = contracts.map((_, i) => FIRST_CENTS + i)
  for (let step = 1; seq < TICKS; step++) {
    const records: TapeRecord[] = []
    for (const [instrument, contract] of contracts.entries()) {
      const bid =
        contract.kind === 'option'
          ? Math.floor(100 * valueOf(contract, (cents[0] as number) / 100)) - 1
          : (cents[instrument] as number) + (random() < 0.5 ? -1 : 1)
      cents[instrument] = bid
      const size = () => 1 + Math.floor(random() * 99)
      records.push({
        kind: 'quote',
        seq: ++seq,
        tsUs: START_US + step * stepUs,
        instrument,
        bidPrice: bid > 0 ? bid / 100 : undefined,
        askPrice: (bid + 3) / 100,
        bidSize: bid > 0 ? size() : undefined,
        askSize: size(),
      })
    }
    yield records
  }
}

/** Without interest, so that the European value is the American one. */
function valueOf({ right, strike }: OptionContract, spot: number): number {
  return optionPrice({ right, strike, spot, years: 16 / 365, rate: 0, dividendYield: 0 }, 0.3)
}

forEachEdition('end to end', ({ name, createTapeDatabase }) => {
  for (const shape of [SAMPLED_CHAIN, TICK_BY_TICK_STOCKS]) {
    let folder: string | undefined
    let url = ''
    let tape = ''
    measure({
      title: `socket to commit, ${shape.title} at full speed, on ${name}`,
      unit: 'ticks/s',
      limit: '@stoqey/ib alone, counting',
      round: async () => {
        if (!folder) {
          folder = await temporaryDirectory()
          tape = join(folder, 'walk.tape')
          await writeTape(tape, { source: 'import' }, randomWalk(shape))
          url = await createTapeDatabase()
        }
        const limit = await countOnly(tape, shape)
        const { ticks, seconds, messages } = await record(tape, url, folder, shape)
        return { ours: ticks / seconds, limit, more: { 'messages/s': messages / seconds } }
      },
      cleanUp: async () => {
        if (folder) await rm(folder, { recursive: true, force: true })
      },
    })
  }
})

/** Seconds run from the beginning of the tape, when all lines are open, to the last commit. */
async function record(tape: string, databaseUrl: string, folder: string, { contracts, tickByTick }: Shape) {
  const config = join(folder, 'bench.yaml')
  await writeFile(config, `universe: { tickByTick: ${tickByTick} }`)
  // A stock has a line for its trades and one for its quotes beside the sampled one.
  const lines = tickByTick ? 3 * contracts.length : contracts.length
  const gateway = startGatewayProcess(tape, lines, ['--once', '--tick-by-tick', String(lines), '--log-level', 'info'])
  const begun = beginOf(gateway)
  try {
    const { port } = await gateway.event<{ port: number }>('listening')
    const symbol = [...new Set(contracts.map((contract) => contract.symbol))].join(',')
    const collector = startCollector({ port, dataDir: join(folder, 'data'), databaseUrl, symbol, collectArgs: ['--config', config] })
    const { sessionId, received, messages } = await collector.event<CollectTotals>('summary')
    await collector.succeeded()
    const client = await connectClient(databaseUrl)
    const { rows } = await client.query<{ ms: number }>(
      'SELECT extract(epoch FROM max(committed_at))::float8 * 1000 AS ms FROM batches WHERE session_id = $1',
      [sessionId],
    )
    await client.end()
    return { ticks: received, messages, seconds: ((rows[0]?.ms ?? Number.NaN) - (await begun)) / 1000 }
  } finally {
    gateway.kill('SIGKILL')
  }
}

/** When the gateway lets its tape go, milliseconds since 1970. */
function beginOf({ child }: Part): Promise<number> {
  return new Promise((resolve) => {
    createInterface({ input: child.stderr as Readable }).on('line', (line) => {
      const { msg, time } = JSON.parse(line) as { msg: string; time: number }
      if (msg === 'The tape begins') resolve(time)
    })
  })
}

/** Ticks per second that reach listeners which only count. */
async function countOnly(tape: string, { contracts, tickByTick }: Shape): Promise<number> {
  // The library alone does not pace its requests.
  const unlimited = ['--message-rate', '0', '--tick-by-tick', String(contracts.length)]
  const gateway = startGatewayProcess(tape, contracts.length, ['--once', ...unlimited])
  const { port } = await gateway.event<{ port: number }>('listening')
  const api = new IBApi({ host: '127.0.0.1', port, clientId: 9, maxReqPerSec: 10_000 })
  let firstMs = 0
  let messages = 0
  const ended = new Promise<number>((resolve) => {
    const count = () => {
      if (messages++ === 0) firstMs = performance.now()
    }
    api.on(EventName.tickPrice, count)
    api.on(EventName.tickByTickBidAsk, count)
    api.on(EventName.tickSize, () => undefined)
    api.on(EventName.currentTime, () => undefined)
    api.on(EventName.info, (_text, code) => {
      if (code === END_OF_TAPE) resolve((performance.now() - firstMs) / 1000)
    })
  })
  api.on(EventName.nextValidId, () => {
    for (const [i, contract] of contracts.map(toIbContract).entries())
      if (tickByTick) api.reqTickByTickData(i + 1, contract, TickByTickDataType.BidAsk, 0, false)
      else api.reqMktData(i + 1, contract, '', false, false)
  })
  api.connect()
  const seconds = await ended
  api.disconnect()
  const { ticksServed } = await gateway.event<{ ticksServed: number }>('totals')
  return ticksServed / seconds
}
