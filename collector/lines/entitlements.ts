/**
 * Which market data the account is entitled to, by the answers to its lines: gathered by symbol and kind, as rows and as a table that
 * says what to do. Pure.
 *
 * States of a line: none (asked for) -> live, delayed, partly or refused -> any of them; the last answer counts. A line that the gateway
 * has no room for, or does not serve for now, has no place here.
 */

import type { Contract } from '../../market/contract.ts'
import { alignColumns } from '../../system/text-table.ts'
import { lineKey, type WantedLine } from './line.ts'

/** All lines of one symbol and kind. */
export interface EntitlementRow {
  symbol: string
  kind: Contract['kind'] | 'tick-by-tick'
  asked: number
  /** In real time. */
  live: number
  delayed: number
  /** In real time, but not all of it. */
  partly: number
  /** Refused by the gateway, or by us because the data is delayed. The rest has no answer. */
  refused: number
  reasons: EntitlementReason[]
}

export interface EntitlementReason {
  /** IB's number; none when the gateway marked data as delayed without a word. */
  code?: number
  lines: number
  /** What to do about it. IB's own words for a code that has no advice of ours. */
  text: string
}

type Answer = 'none' | 'live' | 'delayed' | 'partly' | 'refused'

interface Entry {
  answer: Answer
  code?: number | undefined
  text?: string | undefined
}

const SUBSCRIBE = 'subscribe to its market data for this user (Client Portal, Settings, Market Data Subscriptions)'
const FOR_API = `${SUBSCRIBE}; data that TWS shows may need one more subscription for the API`
const RECORD_DELAYED = 'set gateway.marketDataType to delayed to record it, marked as delayed'
const SAMPLED_INSTEAD = 'its sampled market data is recorded instead'
const RECORDED_DELAYED = `recorded, marked as delayed; to have it in real time ${SUBSCRIBE}`
const DELAYED_ONLY = `delayed only; ${RECORD_DELAYED}`

/** By IB's numbers. */
const ADVICE: Readonly<Record<number, string>> = {
  322: `no tick-by-tick line is free: ${SAMPLED_INSTEAD}; set universe.tickByTick to false for others to make room`,
  354: SUBSCRIBE,
  10_089: FOR_API,
  10_090: `only a part is subscribed to: ${SUBSCRIBE}`,
  10_091: `only a part is subscribed to: ${FOR_API}`,
  10_167: DELAYED_ONLY,
  10_168: `${SUBSCRIBE}, or ${RECORD_DELAYED}`,
  10_186: `${SUBSCRIBE}; there is no delayed data of it`,
  10_189: `not offered tick by tick, or not subscribed to: ${SAMPLED_INSTEAD}`,
  10_190: `no tick-by-tick line is free: ${SAMPLED_INSTEAD}; set universe.tickByTick to false for others to make room`,
}

/** What to do about a code; undefined when it has nothing to do with what the account may have. */
export function adviceOf(code: number): string | undefined {
  return ADVICE[code]
}

/** True for refusals that the table explains: there is no need to name every contract. */
export function isEntitlement(code: number): boolean {
  return code in ADVICE
}

/** Gathers the answers of one link. */
export class Entitlements {
  readonly #entries = new Map<string, { line: WantedLine; entry: Entry }>()
  #rows: EntitlementRow[] | undefined

  clear(): void {
    this.#entries.clear()
    this.#rows = undefined
  }

  asked(line: WantedLine): void {
    this.#set(line, { answer: 'none' })
  }

  /** It is neither served nor refused: the gateway has no line left for it, or does not serve it for now. */
  forget(line: WantedLine): void {
    if (this.#entries.delete(lineKey(line))) this.#rows = undefined
  }

  /** The line is served. `delayed` absent: nothing was said of that now. */
  served(line: WantedLine, delayed?: boolean): void {
    const { answer, code } = this.#entries.get(lineKey(line))?.entry ?? {}
    if (delayed) this.#set(line, { answer: 'delayed', code, text: RECORDED_DELAYED })
    else if (answer !== 'partly' && (answer !== 'delayed' || delayed === false)) this.#set(line, { answer: 'live' })
  }

  /** The line is served without a part of its data. */
  partly(line: WantedLine, code: number, text: string): void {
    this.#set(line, { answer: 'partly', code, text: ADVICE[code] ?? text })
  }

  refused(line: WantedLine, code: number, text: string): void {
    this.#set(line, { answer: 'refused', code, text: ADVICE[code] ?? text })
  }

  /** The line was cancelled by us, because its data is delayed. */
  refusedDelayed(line: WantedLine): void {
    this.#set(line, { answer: 'refused', code: this.#entries.get(lineKey(line))?.entry.code, text: DELAYED_ONLY })
  }

  /** In the order in which lines were first asked for. Tick-by-tick lines are listed only where one is refused: IB acknowledges none. */
  get rows(): readonly EntitlementRow[] {
    this.#rows ??= gather([...this.#entries.values()])
    return this.#rows
  }

  #set(line: WantedLine, entry: Entry): void {
    this.#entries.set(lineKey(line), { line, entry })
    this.#rows = undefined
  }
}

/** True when every line that was asked for is served whole and in real time. */
export function isServedLive(rows: readonly EntitlementRow[]): boolean {
  return rows.every(({ asked, live }) => live === asked)
}

/** The rows as a table; each further reason of a row stands on a line of its own. */
export function formatEntitlements(rows: readonly EntitlementRow[]): string {
  const head = ['symbol', 'kind', 'asked', 'live', 'delayed', 'partly', 'not', 'code', 'what to do']
  const cells = rows.flatMap(({ symbol, kind, asked, live, delayed, partly, refused, reasons }) => {
    const counts = [symbol, kind, asked, live, delayed, partly, refused]
    const [first, ...others] = reasons.map(({ code, text }) => [code === undefined ? '' : String(code), text])
    return [[...counts, ...(first ?? [])], ...others.map((reason) => [...counts.map(() => ''), ...reason])]
  })
  return alignColumns([head, ...cells])
}

function gather(entries: readonly { line: WantedLine; entry: Entry }[]): EntitlementRow[] {
  const rows = new Map<string, EntitlementRow>()
  for (const { line, entry } of entries) {
    const { symbol } = line.contract
    const kind = line.feed ? 'tick-by-tick' : line.contract.kind
    const key = `${symbol} ${kind}`
    const row = rows.get(key) ?? { symbol, kind, asked: 0, live: 0, delayed: 0, partly: 0, refused: 0, reasons: [] }
    rows.set(key, row)
    row.asked++
    if (entry.answer !== 'none') row[entry.answer]++
    if (entry.text !== undefined) addReason(row.reasons, entry.code, entry.text)
  }
  return [...rows.values()].filter(({ kind, refused }) => kind !== 'tick-by-tick' || refused > 0)
}

function addReason(reasons: EntitlementReason[], code: number | undefined, text: string): void {
  const known = reasons.find((reason) => reason.code === code && reason.text === text)
  if (known) known.lines++
  else reasons.push({ ...(code !== undefined && { code }), lines: 1, text })
}
