/** What a session's tape says of its lines, written by hand: when they were opened and closed, what was missing, and its gaps. */

import { expect } from 'vitest'

import type { Contract } from '../../../market/contract.ts'
import type { LineEvent, LineFeed, MissingFeed, TapeRecord } from '../../../market/tick.ts'
import { usFromIso } from '../../../market/time.ts'
import { CONTRACTS } from './ticks.ts'

/** A time of 2014-06-05, or of the date in front of a `T`. */
export const at = (time: string): number => usFromIso(`${time.includes('T') ? '' : '2014-06-05T'}${time}Z`)

/** Records of one session, in order; each a second apart where nothing else is said. */
export class LineSession {
  readonly records: TapeRecord[] = []
  readonly #opened = new Map<string, { openedSeq: number; openedTsUs: number }>()

  constructor(startedUs: number, contracts: readonly Contract[] = CONTRACTS) {
    this.#add({ kind: 'session', event: 'started', seq: 0, tsUs: startedUs })
    for (const [instrument, contract] of contracts.entries()) this.#add({ kind: 'contract', seq: 0, tsUs: startedUs, instrument, contract })
  }

  opened(instrument: number, time: string, feed?: LineFeed): this {
    const opening = { openedSeq: this.records.length + 1, openedTsUs: at(time) }
    this.#opened.set(`${instrument} ${feed}`, opening)
    return this.#line({ instrument, event: 'opened', feed, ...opening }, at(time))
  }

  closed(instrument: number, until: string, cause: string, feed?: LineFeed): this {
    const opening = this.#opened.get(`${instrument} ${feed}`) ?? expect.unreachable('it was not opened')
    return this.#line({ instrument, event: 'closed', feed, ...opening, untilTsUs: at(until), cause }, at(until) + 1000)
  }

  /** `noted`: when that is recorded, where it is not at once. */
  missing(instrument: number, since: string, cause: string, feed?: MissingFeed, noted = since): this {
    const sinceUs = at(since)
    return this.#line(
      { instrument, event: 'missing', feed, openedSeq: this.records.length + 1, openedTsUs: sinceUs, untilTsUs: sinceUs, cause },
      at(noted),
    )
  }

  gap(from: string, to: string, cause: string): this {
    return this.#add({ kind: 'gap', seq: 0, tsUs: at(to), fromTsUs: at(from), toTsUs: at(to), cause })
  }

  ended(time: string, cause: string): this {
    return this.#add({ kind: 'session', event: 'ended', cause, seq: 0, tsUs: at(time) })
  }

  #line(event: Omit<LineEvent, 'kind' | 'seq' | 'tsUs'>, tsUs: number): this {
    return this.#add({ kind: 'line', seq: 0, tsUs, ...event })
  }

  #add(record: TapeRecord): this {
    this.records.push({ ...record, seq: this.records.length + 1 })
    return this
  }
}
