/** The taker of arbitrage over whole sessions, beside a scan of the same tapes: the same episodes, legs and edges, and what is left of them. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { CarrySettings } from '../../../../backtester/arbitrage/stand-in-carry.ts'
import type { Move } from '../../../../backtester/engine/events.ts'
import { toUnits, worth } from '../../../../backtester/engine/money.ts'
import type { RunResult } from '../../../../backtester/run/result.ts'
import { MISPRICED_SECONDS, plannedMispricings, withMispricings } from '../../../../backtester/gateway/source/mispricings.ts'
import { syntheticMarket } from '../../../../backtester/gateway/source/synthetic.ts'
import { writeTape } from '../../../../db/tape/writer.ts'
import type { Episode } from '../../../../market/arbitrage/episode.ts'
import { plainEpisode } from '../../../../market/arbitrage/plain.ts'
import { arbitrageSettings } from '../../../../market/arbitrage/settings.ts'
import { multiplierOf } from '../../../../market/contract.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { packageRoot } from '../../../../system/package-root.ts'
import { byId, foundUnits, LISTENER, type Said, said, scan, take, type Taking } from '../../../support/backtest/taking.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
/** As `tapedeck demo` has them, and `tapedeck demo --scenario arbitrage`. */
const DAY: CarrySettings = {
  rate: 0.005,
  underlyings: [
    {
      symbol: 'TWX',
      currency: 'USD',
      dividends: [
        { exDate: '2014-08-27', amount: 0.3175 },
        { exDate: '2014-11-25', amount: 0.3175 },
      ],
      borrow: 0.0025,
    },
  ],
}
const MADE_UP: CarrySettings = { rate: 0, underlyings: [{ symbol: 'SYN', currency: 'USD', dividends: [], borrow: 0 }] }
const CASH = 1e9

let folder: string
let mispriced: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-sessions-'))
  await writeFile(join(folder, 'listener.mjs'), LISTENER)
  mispriced = join(folder, 'mispriced.tape')
  const market = syntheticMarket({ contracts: 241, seed: 1, ticksPerSecond: 1000, seconds: Math.ceil(MISPRICED_SECONDS) + 1 })
  const chunks: TapeRecord[][] = []
  for await (const { records } of withMispricings(market, plannedMispricings(market)).records()) chunks.push([...records])
  await writeTape(mispriced, { source: 'import' }, chunks)
})
afterAll(() => rm(folder, { recursive: true }))

interface Session {
  given: Pick<Taking, 'tape' | 'carry' | 'settings'>
  found: readonly Episode[]
}

/** With its scan. What costs little is found often: of the shipped day many are to be compared. */
async function open(tape: string, carry: CarrySettings, preset: 'balanced' | 'aggressive'): Promise<Session> {
  const settings = arbitrageSettings({ preset })
  return { given: { tape, carry, settings }, found: await scan(tape, settings, carry) }
}

const SESSIONS: [string, number, () => Promise<Session>][] = [
  ['the shipped day', 100, () => open(SHIPPED, DAY, 'aggressive')],
  ['the session of the demonstration of arbitrage', 10, () => open(mispriced, MADE_UP, 'balanced')],
]

const run = (given: Taking) => take({ folder, cash: CASH, ...given })

/** What was paid for an opportunity, and the commissions of it, by its fills. */
function paidFor({ orders, fills, instruments }: RunResult, episode: string): { paid: number; fees: number } {
  const ids = new Set(orders.flatMap(({ id, request }) => (request.note === episode ? [id] : [])))
  const multipliers = new Map(instruments.map(({ instrument, contract }) => [instrument, multiplierOf(contract)]))
  let [paid, fees] = [0, 0]
  for (const { orderId, instrument, side, quantity, price, commission } of fills) {
    if (!ids.has(orderId)) continue
    paid += (side === 'buy' ? 1 : -1) * worth(price, quantity, multipliers.get(instrument) ?? Number.NaN)
    fees += toUnits(commission)
  }
  return { paid, fees }
}

/** What an opportunity asks for so many packages: its legs at the prices of its finding. */
function askedFor({ opened: { legs, multiplier } }: Episode, packages: number): number {
  let asked = 0
  for (const { side, ratio, price, contract } of legs) {
    const units = ratio * (contract.kind === 'option' ? 1 : multiplier) * packages
    asked += (side === 'buy' ? 1 : -1) * worth(price, units, multiplierOf(contract))
  }
  return asked
}

/** What was paid for the shares that options brought on the evening, less what they brought. */
function exercised({ events }: RunResult): number {
  const moves = events.flatMap(({ details }) => (details?.['moves'] as readonly Move[] | undefined) ?? [])
  return moves.reduce((sum, { quantity, price }) => sum + worth(price, quantity, 1), 0)
}

const legsOf = ({ opened: { legs } }: Episode) => legs.map(({ instrument, side }) => `${side} ${instrument}`)

describe.each(SESSIONS)('over %s', (_name, least, openSession) => {
  let session: Session
  beforeAll(async () => {
    session = await openSession()
  })

  it('a backtest hears the episodes that a scan finds, with all that is known of each', async () => {
    const { given, found } = session
    const heard = (await run({ ...given, strategy: './listener.mjs' })).events.map(({ details }) => details?.['episode'] as Episode)
    expect(found.length).toBeGreaterThan(least)
    const inOrder = (episodes: readonly Episode[]) => episodes.map(plainEpisode).sort((a, b) => (a.id < b.id ? -1 : 1))
    expect(inOrder(heard)).toEqual(inOrder(found))
  })

  it('the taker trades their legs, and has their edges to the unit, without latency and fees', async () => {
    const { given, found } = session
    const of = byId(found)
    const result = await run(given)
    const [took, skipped, held] = ['took', 'skipped', 'held'].map((message) => said(result, message)) as [Said[], Said[], Said[]]
    expect([...took, ...skipped].map(({ episode }) => episode).sort()).toEqual(found.map(({ id }) => id).sort())
    expect(held.map(({ episode }) => episode)).toEqual(took.map(({ episode }) => episode))
    expect(held.length).toBeGreaterThan(least / 2)
    for (const { episode, packages, edge } of held) {
      const orders = result.orders.filter(({ request }) => request.note === episode)
      expect(orders.map(({ request: { instrument, side } }) => `${side} ${instrument}`)).toEqual(legsOf(of(episode)))
      expect([episode, toUnits(edge)]).toEqual([episode, foundUnits(of(episode), packages)])
      expect([episode, paidFor(result, episode).paid]).toEqual([episode, askedFor(of(episode), packages)])
    }
  })

  it('what latency, leg risk and fees leave of each edge is what its fills say, and all of it is what the account has', async () => {
    const { given, found } = session
    const of = byId(found)
    const result = await run({ ...given, latency: 'fixed:20,200', fees: 'schedule', params: { mend: 'unwind', patienceMs: 500 } })
    expect(result.status).toBe('complete')
    const took = said(result, 'took').map(({ episode }) => episode)
    const ended = ['held', 'missed', 'unwound'].map((message) => said(result, message))
    for (const { episode, packages, edge, fees } of ended.flat()) {
      const traded = paidFor(result, episode)
      expect(took).toContain(episode)
      expect([episode, toUnits(fees)]).toEqual([episode, traded.fees])
      const left = foundUnits(of(episode), packages) + askedFor(of(episode), packages) - traded.paid
      expect([episode, toUnits(edge)]).toEqual([episode, left])
    }
    expect(ended.flat().length).toBeGreaterThan(least / 2)
    expect(ended.filter((some) => some.length > 0).length).toBeGreaterThan(1)
    const spent = took.map((episode) => paidFor(result, episode)).reduce((sum, { paid, fees }) => sum + paid + fees, 0)
    expect(toUnits(result.equity.at(-1)?.cash ?? 0)).toBe(toUnits(CASH) - spent - exercised(result))
  })
})
