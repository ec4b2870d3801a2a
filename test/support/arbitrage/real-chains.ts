/** Real chains with what money and the shares cost then, and what the detectors and the parity monitor say of them. */

import { Arbitrage } from '../../../market/arbitrage/arbitrage.ts'
import { DETECTORS } from '../../../market/arbitrage/detectors/index.ts'
import type { Episode } from '../../../market/arbitrage/episode.ts'
import type { Funnel } from '../../../market/arbitrage/funnel.ts'
import type { ParitySample } from '../../../market/arbitrage/parity.ts'
import type { ArbitrageSettings } from '../../../market/arbitrage/settings.ts'
import type { Contract } from '../../../market/contract.ts'
import type { TapeRecord } from '../../../market/tick.ts'
import type { OptionData } from '../tape/option-data.ts'
import { unexpected } from '../unexpected.ts'
import { WITH_FEES } from './settings.ts'

export interface Inputs {
  /** Annual, of every term. */
  rate: number
  /** True: those that were announced or usual then. */
  dividends: boolean
  borrow: number
}

/** Payments a share around the days of the data, as companies announced them, and as usual after that. */
const PAYMENTS: Readonly<Record<string, { exDate: string; amount: number }[]>> = {
  TWX: ['2014-08-27', '2014-11-25', '2015-02-25', '2015-05-27', '2015-08-27', '2015-11-25'].map((exDate) => ({ exDate, amount: 0.3175 })),
  FOXA: ['2013-09-09', '2014-03-10'].map((exDate) => ({ exDate, amount: 0.125 })),
  A: ['2021-06-30', '2021-10-05', '2021-12-31', '2022-03-31', '2022-06-30', '2022-10-04', '2022-12-30'].map((exDate) => ({
    exDate,
    amount: 0.194,
  })),
}
/** Shares at the price of a stock whose source says no sizes: no limit. */
const MANY = 10_000

/** The sum of what a share pays from the day after `today` up to an expiry. */
export function knownPayments(symbol: string, today: string, expiry: string): number {
  const due = (PAYMENTS[symbol] ?? []).filter(({ exDate }) => exDate > today && exDate <= expiry)
  return due.reduce((sum, { amount }) => sum + amount, 0)
}

export interface Findings {
  episodes: Episode[]
  funnel: Funnel
  parity: ParitySample[]
}

export async function findingsIn(data: OptionData, inputs: Inputs, settings: Partial<ArbitrageSettings> = {}): Promise<Findings> {
  const found: Findings = { episodes: [], funnel: undefined as never, parity: [] }
  const arbitrage = new Arbitrage({
    detectors: DETECTORS,
    settings: { ...WITH_FEES, ...settings },
    onEpisode: (event, episode) => event === 'closed' && found.episodes.push(episode),
    onParity: (sample) => found.parity.push(sample),
    onDetectorError: (detector, error) => unexpected(`${detector}: ${String(error)}`),
  })
  for (const record of withCarry(await data.records(), inputs)) arbitrage.take(record, 1)
  arbitrage.finish()
  return { ...found, funnel: arbitrage.funnel }
}

/** With the carry behind the contracts. */
function* withCarry(records: readonly TapeRecord[], { rate, dividends, borrow }: Inputs): Generator<TapeRecord> {
  const contracts = new Map<number, Contract>()
  let seq = 0
  let isCarryKnown = false
  for (const record of records) {
    if (record.kind === 'contract') contracts.set(record.instrument, record.contract)
    if (record.kind === 'quote' && !isCarryKnown) {
      isCarryKnown = true
      const [instrument, stock] = [...contracts].find(([, { kind }]) => kind === 'stock') ?? unexpected('no stock')
      const common = { kind: 'carry', tsUs: record.tsUs, asOf: '2000-01-01', source: 'settings' } as const
      yield { ...common, seq: seq++, input: 'rates', currency: 'USD', points: [{ days: 365, rate }] }
      yield { ...common, seq: seq++, input: 'dividends', instrument, payments: dividends ? (PAYMENTS[stock.symbol] ?? []) : [] }
      yield { ...common, seq: seq++, input: 'borrow', instrument, rate: borrow }
    }
    const isSizeless = record.kind === 'quote' && contracts.get(record.instrument)?.kind === 'stock' && record.askSize === undefined
    yield { ...record, seq: seq++, ...(isSizeless ? { bidSize: MANY, askSize: MANY } : {}) }
  }
}
