/**
 * Wanted against held, from the database: which gaps there are, what each cause has cost, and how much of each trading day is covered.
 * A second of the trading hours of a wanted contract is covered, or in a gap with its cause.
 */

import type pg from 'pg'

import { type GapRepair, readRepairs, type RepairState } from '../../db/backfill/gap-repairs.ts'
import {
  type CoverageQuery,
  type Hold,
  lastRecorded,
  type RecordedCoverage,
  type RecordedGap,
  recordedCoverage,
  type WantedContract,
} from '../../db/read/queries/coverage.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import type { Contract } from '../../market/contract.ts'
import { type ContractHistory, coverageByDay, type DayCoverage } from '../../market/coverage.ts'
import { servesLine, servesTickByTickOnly } from './farms.ts'
import { type GapOfContract, leftUnfilled } from './repairable.ts'
import { HoursOfContracts, Wanted } from './wanted.ts'

export interface GapQuery {
  fromUs?: number | undefined
  toUs?: number | undefined
  /** Only these stocks and indices, and their options. */
  symbols?: readonly string[] | undefined
  /** Options that have expired by then cannot be filled any more; absent: the end of the range. */
  nowUs?: number | undefined
}

export interface ListedGap {
  fromUs: number
  toUs: number
  cause: string
  /** Of how many wanted contracts; 0 when none was known. */
  contracts: number
  /** Only when it is of one symbol. */
  symbol?: string
  /** Only when it is of one contract. */
  contract?: string
  feed?: string
  droppedTicks?: number
  /** Of trading hours, summed over its contracts, whatever other gaps have of them. */
  missingUs: number
  sessionId: number
  /** What IB's history has filled of it. Absent: nobody has asked. */
  repair?: RepairSummary
  /** Why nothing is filled of contracts that were not asked about, with how many there are. */
  unfilled?: Readonly<Record<string, number>>
}

/** What became of filling a gap, summed over its contracts. */
export interface RepairSummary {
  /** Contracts and series, by state. */
  states: Partial<Record<RepairState, number>>
  /** Those whose trades are there as far as IB has them. */
  contracts: number
  /** Of trading hours, summed over these: what of `missingUs` has trades again. */
  repairedUs: number
  ticks: number
  /** Those in seconds that have live ticks too. */
  reconciledTicks: number
  /** Why something of it is not there. */
  reasons: string[]
  /** The sessions that have the ticks. */
  sessions: number[]
}

export interface CauseTotal {
  cause: string
  gaps: number
  /** From the begin to the end of each, whatever the hours. */
  us: number
  /** Of trading hours, summed over the contracts that miss them. */
  missingUs: number
  /** What of it has trades again, out of IB's history; gaps that lie in others count as well. */
  repairedUs: number
}

export interface GapReport {
  /** Undefined: nothing is recorded. */
  range: { fromUs: number; toUs: number } | undefined
  /** By their begin. */
  gaps: ListedGap[]
  /** The most costly first. */
  causes: CauseTotal[]
  days: DayCoverage[]
}

const WEEK_US = 7 * 86_400_000_000
/** Stands for what was wanted when no contract was known. */
const UNKNOWN = '(unknown)'
const TRADES = 'tick-by-tick-trades'
/** Of gaps of all options of an underlying that are not known. */
const CHAIN = 'option-chain'

/** Of one contract; of the options of an underlying that are not known, as if they were one. */
export interface WantedHistory extends ContractHistory {
  /** Its number in the database; of a chain, its underlying's. -1: no contract was known. */
  instrument: number
  isChain?: true
}

/** The same with the session of each. */
interface RecordedHistory extends WantedHistory {
  held: readonly Hold[]
  gaps: readonly RecordedGap[]
}

export interface RecordedHistories<History extends WantedHistory = WantedHistory> {
  histories: readonly History[]
  /** By number; those of the symbols that are asked for. */
  contracts: ReadonlyMap<number, WantedContract>
  gaps: ListedGap[]
  hours: HoursOfContracts
}

/** Without `fromUs`, the report is of the week before its end; without `toUs`, that is the last moment that is recorded. */
export async function gapReport(client: Pick<pg.ClientBase, 'query'>, query: GapQuery): Promise<GapReport> {
  const range = await rangeOf(client, query)
  if (!range) return { range, gaps: [], causes: [], days: [] }
  const { histories, gaps } = await recordedHistories(client, { ...range, symbols: query.symbols, nowUs: query.nowUs })
  const days = coverageByDay(nyse, histories, range)
  return { range, gaps, causes: causeTotals(gaps, days), days }
}

/** Undefined when no end is given and nothing is recorded. */
export async function rangeOf(
  client: Pick<pg.ClientBase, 'query'>,
  query: GapQuery,
): Promise<{ fromUs: number; toUs: number } | undefined> {
  const toUs = query.toUs ?? (await lastRecorded(client))
  return toUs === undefined ? undefined : { fromUs: query.fromUs ?? toUs - WEEK_US, toUs }
}

/** When each contract was wanted, held and missing. */
export async function recordedHistories(
  client: Pick<pg.ClientBase, 'query'>,
  query: { fromUs: number; toUs: number; symbols?: readonly string[] | undefined; nowUs?: number | undefined },
): Promise<RecordedHistories<RecordedHistory>> {
  const recorded = await recordedCoverage(client, query)
  const known = { ...recorded, gaps: recorded.gaps.map(withFeed) }
  const contracts = new Map(recorded.contracts.map((contract) => [contract.instrument, contract]))
  const wanted = new Wanted(recorded)
  const hours = new HoursOfContracts(nyse, recorded.hours)
  const affected = new Map(known.gaps.map((gap) => [gap, affectedBy(gap, wanted, contracts)]))
  const listed = known.gaps.filter((gap) => affected.get(gap)?.length !== 0 || !knowsContracts(gap, known))
  const repairs = await readRepairs(client, query)
  const today = nyse.zone.dateOf(query.nowUs ?? query.toUs)
  const listedOf = (gap: RecordedGap) => {
    const of = affected.get(gap) ?? []
    return { ...listedGap(gap, of, hours), ...repairOf(gap, { of, repairs: repairsOf(gap, repairs, contracts), hours, today }) }
  }
  return {
    histories: historiesOf(known, contracts, { affected, hours }),
    contracts,
    gaps: joinLines(listed.map(listedOf)),
    hours,
  }
}

function repairsOf(gap: RecordedGap, repairs: readonly GapRepair[], contracts: ReadonlyMap<number, WantedContract>): GapRepair[] {
  return repairs.filter(
    ({ sessionId, seq, fromUs, instrument }) =>
      sessionId === gap.sessionId && seq === gap.seq && fromUs === gap.fromUs && contracts.has(instrument),
  )
}

interface Repaired {
  /** The contracts of the gap. */
  of: readonly WantedContract[]
  repairs: readonly GapRepair[]
  hours: HoursOfContracts
  today: string
}

function repairOf(gap: RecordedGap, { of, repairs, hours, today }: Repaired): Pick<ListedGap, 'repair' | 'unfilled'> {
  const sums = repairs.map(({ state, series, instrument, ticks, reconciledTicks, reason, repairedBy }): RepairSummary => {
    const isThere = state === 'repaired' && series === 'trades'
    return {
      states: { [state]: 1 },
      contracts: isThere ? 1 : 0,
      repairedUs: isThere && gap.feed === undefined ? hours.within(gap, [{ instrument }]) : 0,
      ticks,
      reconciledTicks,
      reasons: reason === undefined ? [] : [reason],
      sessions: repairedBy === undefined ? [] : [repairedBy],
    }
  })
  const asked = new Set(repairs.map(({ instrument }) => instrument))
  const reasons = of.flatMap((contract) => (asked.has(contract.instrument) ? [] : (leftUnfilled({ ...gap, contract }, today) ?? [])))
  return {
    ...(sums.length > 0 && { repair: sums.reduce(joinRepairs) }),
    ...(reasons.length > 0 && { unfilled: reasons.reduce((counts, reason) => joinCounts(counts, { [reason]: 1 }), {}) }),
  }
}

/** The sum of what became of several gaps. */
export function joinRepairs(one: RepairSummary, other: RepairSummary): RepairSummary {
  return {
    states: joinCounts(one.states, other.states),
    contracts: one.contracts + other.contracts,
    repairedUs: one.repairedUs + other.repairedUs,
    ticks: one.ticks + other.ticks,
    reconciledTicks: one.reconciledTicks + other.reconciledTicks,
    reasons: [...new Set([...one.reasons, ...other.reasons])],
    sessions: [...new Set([...one.sessions, ...other.sessions])],
  }
}

/** The sum of counts of the same things. */
export function joinCounts<K extends string>(
  one: Readonly<Partial<Record<K, number>>>,
  other: Readonly<Partial<Record<K, number>>>,
): Record<K, number> {
  const sums = { ...one } as Record<K, number>
  for (const [name, count] of Object.entries(other) as [K, number][]) sums[name] = (sums[name] ?? 0) + count
  return sums
}

/** The gaps of a time, contract by contract. */
export async function gapsOfContracts(client: Pick<pg.ClientBase, 'query'>, query: CoverageQuery): Promise<GapOfContract[]> {
  const recorded = await recordedCoverage(client, query)
  const contracts = new Map(recorded.contracts.map((contract) => [contract.instrument, contract]))
  const wanted = new Wanted(recorded)
  return recorded.gaps
    .map(withFeed)
    .flatMap((gap) => affectedBy(gap, wanted, contracts).map((contract): GapOfContract => ({ ...gap, contract })))
}

/** A gap of a farm that serves only tick-by-tick lines is none of market data. */
function withFeed(gap: RecordedGap): RecordedGap {
  const farm = farmIn(gap)
  return farm !== undefined && servesTickByTickOnly(farm) ? { ...gap, feed: 'tick-by-tick' } : gap
}

/** The farm that a gap of its lines names. */
function farmIn({ instrument, cause }: RecordedGap): string | undefined {
  return instrument === undefined ? /^farm-broken: (.+)$/.exec(cause)?.[1] : undefined
}

/** The wanted contracts that a gap is of. */
function affectedBy(gap: RecordedGap, wanted: Wanted, contracts: Map<number, WantedContract>): WantedContract[] {
  const instruments = gap.instrument === undefined ? wanted.during(gap) : [gap.instrument]
  const farm = farmIn(gap)
  return instruments.flatMap((instrument) => {
    const contract = contracts.get(instrument)
    if (!contract) return []
    if (farm === undefined) return [contract]
    const { kind, currency } = contract as WantedContract & { kind: Contract['kind'] }
    // IB has no tick-by-tick data of options.
    if (gap.feed !== undefined)
      return kind !== 'option' && servesLine(farm, { contract: { kind, currency }, feed: TRADES }) ? [contract] : []
    return servesLine(farm, { contract: { kind, currency } }) ? [contract] : []
  })
}

function knowsContracts({ sessionId }: RecordedGap, { sessions }: Pick<RecordedCoverage, 'sessions'>): boolean {
  return (sessions.get(sessionId)?.length ?? 0) > 0
}

/** One for each contract; a gap of a session that knew none is of every contract that any other wanted, or of one unknown. */
function historiesOf(
  { holds, gaps, sessions }: Pick<RecordedCoverage, 'holds' | 'gaps' | 'sessions'>,
  contracts: Map<number, WantedContract>,
  { affected, hours }: { affected: Map<RecordedGap, WantedContract[]>; hours: HoursOfContracts },
): RecordedHistory[] {
  const histories = new Map<number, WantedHistory & { held: Hold[]; gaps: RecordedGap[] }>()
  const historyOf = ({ instrument, symbol }: Pick<WantedContract, 'instrument' | 'symbol'>) => {
    const expected = hours.of(instrument)
    const history = histories.get(instrument) ?? { instrument, symbol, held: [], gaps: [], hoursOn: (date) => expected.on(date) }
    histories.set(instrument, history)
    return history
  }
  for (const hold of holds) {
    const contract = contracts.get(hold.instrument)
    if (contract) historyOf(contract).held.push(hold)
  }
  // How many options a chain has that is not found is not known: it counts as one contract, with the hours of its underlying.
  const chains = new Map<number, RecordedHistory & { gaps: RecordedGap[] }>()
  for (const gap of gaps.filter(({ feed }) => feed === CHAIN))
    for (const { instrument, symbol } of affected.get(gap) ?? []) {
      const hoursOn = (date: string) => hours.of(instrument).on(date)
      const chain = chains.get(instrument) ?? { instrument, isChain: true as const, symbol, held: [], gaps: [], hoursOn }
      chains.set(instrument, chain)
      chain.gaps.push(gap)
    }
  // What is missing tick by tick is there as market data.
  const ofMarketData = gaps.filter(({ feed }) => feed === undefined)
  for (const gap of ofMarketData) for (const contract of affected.get(gap) ?? []) historyOf(contract).gaps.push(gap)
  const nobodys = ofMarketData.filter((gap) => gap.instrument === undefined && !knowsContracts(gap, { sessions }))
  if (nobodys.length > 0 && histories.size === 0) historyOf({ instrument: -1, symbol: UNKNOWN })
  for (const history of histories.values()) history.gaps.push(...nobodys)
  return [...histories.values(), ...chains.values()]
}

function listedGap({ instrument, ...gap }: RecordedGap, contracts: readonly WantedContract[], hours: HoursOfContracts): ListedGap {
  const symbols = new Set(contracts.map(({ symbol }) => symbol))
  const [symbol] = symbols
  const { fromUs, toUs, cause, feed, droppedTicks, sessionId } = gap
  return {
    fromUs,
    toUs,
    cause,
    contracts: contracts.length,
    ...(symbol !== undefined && symbols.size === 1 && { symbol }),
    ...(instrument !== undefined && contracts[0] && { contract: contracts[0].key }),
    ...(feed !== undefined && { feed }),
    ...(droppedTicks !== undefined && { droppedTicks }),
    missingUs: feed === undefined || feed === CHAIN ? hours.within(gap, contracts) : 0,
    sessionId,
  }
}

/** Lines that went at one moment and came back at one moment, for the same reason, are one gap of so many. */
function joinLines(gaps: readonly ListedGap[]): ListedGap[] {
  const joined = new Map<string, ListedGap>()
  for (const gap of gaps) {
    const key = `${gap.sessionId} ${gap.cause} ${gap.feed} ${gap.symbol} ${second(gap.fromUs)} ${second(gap.toUs)}`
    const same = gap.contract === undefined ? undefined : joined.get(key)
    if (!same) joined.set(gap.contract === undefined ? `${key} ${joined.size}` : key, { ...gap })
    else {
      same.contracts++
      same.missingUs += gap.missingUs
      const repair = same.repair && gap.repair ? joinRepairs(same.repair, gap.repair) : (same.repair ?? gap.repair)
      if (repair) same.repair = repair
      if (gap.unfilled) same.unfilled = joinCounts(same.unfilled ?? {}, gap.unfilled)
      same.fromUs = Math.min(same.fromUs, gap.fromUs)
      same.toUs = Math.max(same.toUs, gap.toUs)
      delete same.contract
    }
  }
  return [...joined.values()]
}

function causeTotals(gaps: readonly ListedGap[], days: readonly DayCoverage[]): CauseTotal[] {
  const totals = new Map<string, CauseTotal>()
  const totalOf = (cause: string) => {
    const total = totals.get(cause) ?? { cause, gaps: 0, us: 0, missingUs: 0, repairedUs: 0 }
    totals.set(cause, total)
    return total
  }
  for (const { cause, fromUs, toUs, repair } of gaps) {
    const total = totalOf(cause)
    total.gaps++
    total.us += toUs - fromUs
    total.repairedUs += repair?.repairedUs ?? 0
  }
  for (const { causes } of days) for (const { cause, us } of causes) totalOf(cause).missingUs += us
  return [...totals.values()].sort((a, b) => b.missingUs - a.missingUs || b.us - a.us)
}

const second = (us: number) => Math.round(us / 1_000_000)
