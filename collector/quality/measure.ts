/**
 * How good a recording is, contract by contract and day by day: what was wanted against what is there (the ledger of gaps), what the rules
 * said, how quotes stood. A few queries for each day, whatever the number of ticks and contracts; memory follows the contracts and days.
 */

import type pg from 'pg'

import { barFindings } from '../../db/read/queries/bar-findings.ts'
import { computedMinutes } from '../../db/read/queries/computed-minutes.ts'
import { type NamedInstrument, namedInstruments } from '../../db/read/queries/named-instruments.ts'
import { qualityFindings, type RuleFinding } from '../../db/read/queries/quality-findings.ts'
import { inReport, sessionsBetween, type TickRange } from '../../db/read/queries/sessions-between.ts'
import { sizeUnits } from '../../db/read/queries/size-units.ts'
import { standingQuotes } from '../../db/read/queries/standing-quotes.ts'
import { tickCounts } from '../../db/read/queries/tick-counts.ts'
import { nyse } from '../../market/calendar/calendar.ts'
import { coverageByDay, type DayCoverage, type Span, union } from '../../market/coverage.ts'
import { TapedeckError } from '../../market/errors.ts'
import { type ContractDay, NO_JUDGED, NO_STANDING, NO_TICKS } from '../../market/quality/contract-day.ts'
import { gradeDay, summarize } from '../../market/quality/symbol-day.ts'
import { addDays } from '../../market/time.ts'
import { type GapQuery, rangeOf, type RecordedHistories, recordedHistories, type WantedHistory } from '../gaps/report.ts'
import { type ContractHours, hoursOnDay } from './contract-hours.ts'
import { findingsOfDay, type QualityFinding } from './findings.ts'
import type { QualityReport } from './report.ts'
import { unknowns } from './unknowns.ts'

export interface Progress {
  date: string
  days: number
  of: number
}

/** Of a bad set of bars there may be any number. */
const BAR_FINDINGS = 1000

type Client = Pick<pg.ClientBase, 'query'>

/**
 * Without `fromUs`, of the week before its end; without `toUs`, up to the last moment that is recorded.
 *
 * @param client in no transaction
 * @param onProgress called before each day
 * @throws pg.DatabaseError when the database refuses, Error when the connection breaks
 */
export async function measureQuality(
  client: Client,
  query: GapQuery,
  onProgress: (progress: Progress) => void = () => undefined,
): Promise<QualityReport> {
  const range = await rangeOf(client, query)
  const report: QualityReport = {
    range,
    days: [],
    contracts: [],
    symbols: [],
    chains: [],
    findings: [],
    barFindings: [],
    gaps: [],
    sizeUnits: [],
    unknown: [],
  }
  if (!range) return report
  const recorded = await recordedHistories(client, { ...range, symbols: query.symbols })
  const reader = new DayReader(client, recorded, range, query.symbols)
  const dates = datesOf(range)
  for (const [i, date] of dates.entries()) {
    onProgress({ date, days: i, of: dates.length })
    const { contracts, findings, chains } = await inReport(client, () => reader.read(date))
    const graded = gradeDay(contracts)
    report.contracts.push(...graded)
    report.symbols.push(...summarize(graded))
    report.findings.push(...findings)
    report.chains.push(...chains)
    report.days.push({
      date,
      state: graded.length + chains.length > 0 ? 'recorded' : hasSession(date, range) ? 'nothing-recorded' : 'closed',
    })
  }
  report.gaps = recorded.gaps
  const [fromDate, toDate] = [dates[0] ?? '', dates.at(-1) ?? '']
  report.barFindings = await barFindings(client, { fromDate, toDate, symbols: query.symbols, most: BAR_FINDINGS })
  const hasStocks = report.contracts.some(({ kind, key }) => kind === 'stock' && key.endsWith(':USD'))
  if (hasStocks) report.sizeUnits = await sizeUnits(client, await sessionsBetween(client, range))
  report.unknown = unknowns(report)
  return report
}

/** Reads one day after the other. */
class DayReader {
  readonly #client: Client
  readonly #range: { fromUs: number; toUs: number }
  readonly #symbols: readonly string[] | undefined
  readonly #recorded: RecordedHistories
  readonly #coverage = new Map<string, Map<number, DayCoverage>>()
  readonly #chains: readonly DayCoverage[]
  readonly #histories: ReadonlyMap<number, WantedHistory>
  readonly #names = new Map<number, NamedInstrument>()
  #only: readonly number[] | undefined

  constructor(
    client: Client,
    recorded: RecordedHistories,
    range: { fromUs: number; toUs: number },
    symbols: readonly string[] | undefined,
  ) {
    this.#client = client
    this.#range = range
    this.#symbols = symbols
    this.#recorded = recorded
    const { histories } = recorded
    const ofContracts = histories.filter(({ isChain }) => !isChain)
    this.#histories = new Map(ofContracts.map((history) => [history.instrument, history]))
    // The arithmetic sums by symbol; here each contract stands for itself.
    const single = ofContracts.map((history) => ({ ...history, symbol: String(history.instrument) }))
    for (const day of coverageByDay(nyse, single, range)) {
      const ofDate = this.#coverage.get(day.date) ?? new Map<number, DayCoverage>()
      this.#coverage.set(day.date, ofDate.set(Number(day.symbol), day))
    }
    const chains = histories.filter(({ isChain }) => isChain)
    this.#chains = coverageByDay(nyse, chains, range).filter(({ expectedUs, coveredUs }) => coveredUs < expectedUs)
    for (const contract of recorded.contracts.values()) this.#names.set(contract.instrument, contract as NamedInstrument)
  }

  async read(date: string) {
    const day = {
      fromUs: Math.max(this.#range.fromUs, nyse.zone.toUs(date, 0)),
      toUs: Math.min(this.#range.toUs, nyse.zone.toUs(addDays(date, 1), 0)),
    }
    const chains = this.#chains
      .filter((chain) => chain.date === date)
      .map(({ symbol, expectedUs, coveredUs }) => ({ date, symbol, missingUs: expectedUs - coveredUs }))
    const ticks: TickRange = { ...day, sessions: await sessionsBetween(this.#client, day), instruments: await this.#instruments() }
    const counts = await tickCounts(this.#client, ticks)
    const { judged, rules } = await qualityFindings(this.#client, ticks)
    const covered = this.#coverage.get(date) ?? new Map<number, DayCoverage>()
    const instruments = new Set([...covered.keys(), ...counts.keys(), ...judged.keys()])
    const evidence = rules.flatMap(({ instrument = 0, example }) => [instrument, ...(example?.evidence ?? [])])
    await this.#learn([...instruments, ...evidence])
    const hours = hoursOnDay(this.#recorded, date, day, covered)
    const standing = await standingQuotes(this.#client, { ...ticks, ...hours })
    const computed = await computedMinutes(this.#client, ticks)
    const contracts = [...instruments].flatMap((instrument): ContractDay[] => {
      const name = this.#names.get(instrument)
      if (!name) return []
      return [
        {
          date,
          key: name.key,
          symbol: name.symbol,
          kind: name.kind,
          ...coverageOf(covered.get(instrument), hours, instrument, () => this.#hasLine(instrument, day)),
          standing: standing.get(instrument) ?? NO_STANDING,
          ticks: counts.get(instrument) ?? NO_TICKS,
          judged: judged.get(instrument) ?? NO_JUDGED,
          computed: computed.get(instrument),
        },
      ]
    })
    contracts.sort((a, b) => (a.symbol === b.symbol ? compare(a.key, b.key) : compare(a.symbol, b.symbol)))
    return { contracts, chains, findings: this.#findings(date, rules) }
  }

  #findings(date: string, rules: readonly RuleFinding[]): QualityFinding[] {
    return findingsOfDay(date, rules, (instrument) => this.#names.get(instrument))
  }

  /** Whether a line or a gap of it says that it was wanted at some time of that day, be it outside of trading hours. */
  #hasLine(instrument: number, day: Span): boolean {
    const { held = [], gaps = [] } = this.#histories.get(instrument) ?? {}
    return union([...held, ...gaps], day).length > 0
  }

  /** Of the symbols that are asked for. */
  async #instruments(): Promise<readonly number[] | undefined> {
    if (this.#symbols === undefined) return undefined
    this.#only ??= (await namedInstruments(this.#client, { symbols: this.#symbols })).map(({ instrument }) => instrument)
    return this.#only
  }

  /** Learns the names of contracts that have ticks and no line. */
  async #learn(instruments: readonly number[]): Promise<void> {
    const missing = instruments.filter((instrument) => !this.#names.has(instrument))
    if (missing.length === 0) return
    for (const named of await namedInstruments(this.#client, { instruments: missing })) this.#names.set(named.instrument, named)
  }
}

function coverageOf(
  covered: DayCoverage | undefined,
  { longestGaps, betweenTurns }: ContractHours,
  instrument: number,
  hasLine: () => boolean,
) {
  if (!covered) return { expectedUs: hasLine() ? 0 : undefined, coveredUs: 0, longestGapUs: 0, causes: [] }
  const { expectedUs, coveredUs, causes } = covered
  const betweenTurnsUs = betweenTurns.get(instrument)
  const longestGapUs = longestGaps.get(instrument) ?? 0
  return { expectedUs, coveredUs, longestGapUs, ...(betweenTurnsUs !== undefined && { betweenTurnsUs }), causes }
}

function datesOf({ fromUs, toUs }: { fromUs: number; toUs: number }): string[] {
  const dates: string[] = []
  const last = nyse.zone.dateOf(toUs - 1)
  for (let date = nyse.zone.dateOf(fromUs); date <= last; date = addDays(date, 1)) dates.push(date)
  return dates
}

/** Whether the market was open on that date within the range. */
function hasSession(date: string, { fromUs, toUs }: { fromUs: number; toUs: number }): boolean {
  try {
    const session = nyse.session(date)
    return session !== undefined && session.openUs < toUs && session.closeUs > fromUs
  } catch (error) {
    // A year that the calendar does not know.
    if (error instanceof TapedeckError) return false
    throw error
  }
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
