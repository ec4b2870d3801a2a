/** A recording with every kind of record, and how to compare it with what a source gives of it. */

import { type Contract, contractKey } from '../../../market/contract.ts'
import { Mark } from '../../../market/marks.ts'
import type { RecordSource } from '../../../market/record-source.ts'
import { isTick, type TapeRecord, type Tick, type Verdict } from '../../../market/tick.ts'
import { CONTRACTS, FIRST_TS_US } from './ticks.ts'
import { finding, flagged, verdictOf } from './verdicts.ts'

const HOURS = { readOn: '2014-06-05', timeZone: 'US/Eastern', trading: '20140605:0400-20140605:2000', liquid: '20140606:CLOSED' }
const FLAG = flagged('wide-spread', 'spread 80.0 % of mid is above 50 %')
const QUARANTINE = verdictOf(finding('quarantine', 'crossed-quote', 'bid 2 is above ask 1'), {
  ...finding('flag', 'wide-spread', '"far", off; '),
  severity: 'info',
  evidence: [2, 1],
})

type Unstamped<T> = T extends TapeRecord ? Omit<T, 'seq' | 'tsUs'> : never

/** Numbers the records from 1 on, a second apart, the first at `firstTsUs`. */
function stamped(firstTsUs: number, records: readonly Unstamped<TapeRecord>[]): TapeRecord[] {
  return records.map((record, i) => ({ ...record, seq: i + 1, tsUs: firstTsUs + i * 1_000_000 }))
}

/** Every kind of tick with all its fields and with none, under every verdict. */
function ticksOfEveryKind(instrument: number): Unstamped<Tick>[] {
  const bare: Unstamped<Tick>[] = [
    { kind: 'quote', instrument },
    { kind: 'trade', instrument, price: 1, source: 'last' },
    { kind: 'greeks', instrument, basis: 'model' },
    { kind: 'statistic', instrument, name: 'halted' },
  ]
  const common = { instrument, eventTsUs: FIRST_TS_US - 7, delayed: true, marks: Mark.initial | Mark.merged } as const
  const full: Unstamped<Tick>[] = [
    { kind: 'quote', ...common, bidPrice: -0, askPrice: 0.1, bidSize: 1e300, askSize: Number.POSITIVE_INFINITY, source: 'tick-by-tick' },
    { kind: 'trade', ...common, price: 70.5, size: 3, source: 'rt-volume', venue: '', conditions: '@,"é"' },
    {
      kind: 'greeks',
      ...common,
      basis: 'bid',
      impliedVolatility: 0.25,
      delta: -0.5,
      gamma: 1,
      vega: 2,
      theta: -3,
      optionPrice: 4,
      pvDividend: 5,
      underlyingPrice: 6,
    },
    { kind: 'statistic', ...common, name: 'dividends', value: -0, text: '0.83,0.92' },
  ]
  return [...bare, ...full].flatMap((tick) => [tick, { ...tick, verdict: FLAG }, { ...tick, verdict: QUARANTINE }])
}

/** A session with every kind of record and of event, as a recorder would write it. */
export function everyRecord(firstTsUs: number): TapeRecord[] {
  const us = (second: number) => firstTsUs + second * 1_000_000
  const contracts = CONTRACTS.map((contract, instrument) => ({ kind: 'contract', instrument, contract }) as const)
  const detailed: Contract = { ...(CONTRACTS[0] as Contract), priceGrid: [{ from: 0, increment: 0.01 }], hours: HOURS }
  const line = { kind: 'line', instrument: 1, openedSeq: 6, openedTsUs: us(5) } as const
  return stamped(firstTsUs, [
    { kind: 'session', event: 'started', detail: { clock: 'wall', host: 'a"b\0', nested: { list: [1, null, 'x'] } } },
    { kind: 'config', config: { rules: { maxSpreadPercent: 50 }, '': [] } },
    ...contracts,
    { ...line, event: 'opened', cause: 'wanted' },
    { kind: 'line', instrument: 2, event: 'opened', feed: 'tick-by-tick-trades', openedSeq: 7, openedTsUs: us(6) },
    ...ticksOfEveryKind(1),
    { kind: 'contract', instrument: 0, contract: detailed },
    ...ticksOfEveryKind(0),
    { kind: 'session', event: 'alive' },
    { kind: 'carry', input: 'rates', asOf: '2014-06-05', source: 'settings', currency: 'USD', points: [{ days: 1, rate: 0.001 }] },
    { kind: 'carry', input: 'rates', asOf: '2014-06-05', source: 'interest-rates', currency: 'USD', points: [{ days: 30, rate: -0.002 }] },
    {
      kind: 'carry',
      input: 'dividends',
      instrument: 1,
      asOf: '2014-06-05',
      source: 'broker',
      payments: [{ exDate: '2014-08-27', amount: 0.3175 }],
    },
    { kind: 'carry', input: 'borrow', instrument: 0, asOf: '2014-06-05', source: 'settings', rate: 0.01 },
    { kind: 'session', event: 'interrupted', cause: 'link-lost', fromTsUs: us(40) },
    {
      kind: 'session',
      event: 'sizes',
      sizes: { groups: { quotes: { unit: 'lots', how: 'inferred', evidence: '"5" of 50' } }, lots: { 'stock:TWX:USD': 40 } },
    },
    { kind: 'gap', fromTsUs: us(40), toTsUs: us(55), cause: 'link-lost' },
    { kind: 'gap', fromTsUs: us(41), toTsUs: us(42), cause: 'dropped: journal-full', instrument: 2, droppedTicks: 12 },
    { ...line, event: 'closed', untilTsUs: us(50), cause: 'rotated' },
    { kind: 'config', config: { rules: {} } },
    { kind: 'session', event: 'ended', cause: 'asked to' },
  ])
}

/**
 * Reads all records of a source, each with its session. Instruments are given by the contract that an earlier record gave for their
 * number, as numbers differ between sources.
 */
export async function comparableFrom(source: RecordSource): Promise<{ sessionId: number; record: object }[]> {
  const contracts = new Map<number, string>()
  const found: { sessionId: number; record: object }[] = []
  for await (const { sessionId, records } of source.records())
    for (const record of records) found.push({ sessionId, record: named(record, contracts) })
  return found
}

/** The same form, for records in memory. */
export function comparable(sessionId: number, records: readonly TapeRecord[]): { sessionId: number; record: object }[] {
  const contracts = new Map<number, string>()
  return records.map((record) => ({ sessionId, record: named(record, contracts) }))
}

function named(record: TapeRecord, contracts: Map<number, string>): object {
  if (record.kind === 'contract') contracts.set(record.instrument, contractKey(record.contract))
  if (!('instrument' in record) || record.instrument === undefined) return record
  const keyOf = (instrument: number) => contracts.get(instrument) ?? 'unexplained'
  const verdict = isTick(record) ? record.verdict : undefined
  return { ...record, ...(verdict && { verdict: verdictNamed(verdict, keyOf) }), instrument: keyOf(record.instrument) }
}

/** The verdict with its evidence by the keys of contracts. */
export function verdictNamed({ disposition, findings }: Verdict, keyOf: (instrument: number) => string): object {
  return { disposition, findings: findings.map(({ evidence, ...rest }) => ({ ...rest, evidence: evidence?.map(keyOf) })) }
}
