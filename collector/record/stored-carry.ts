/**
 * Puts what the database knows of rates and dividends onto the tape: once the database is ready, when an underlying becomes known or a
 * session begins, and every hour. Recording never waits for it; what could not be read is read again then.
 */

import { nyse } from '../../market/calendar/calendar.ts'
import { contractKey } from '../../market/contract.ts'
import type { TapeRecord } from '../../market/tick.ts'
import type { Events } from '../telemetry/events/index.ts'
import type { CarryInput } from './carry-inputs.ts'
import type { Recorder } from './recorder.ts'

/** What a database says of rates and dividends, by currency and by key of contract. */
export interface DatabaseCarry {
  rates: (which: { currencies: readonly string[]; today: string }) => Promise<readonly Rates[]>
  dividends: (which: { keys: readonly string[]; today: string }) => Promise<readonly Dividends[]>
}

interface Rates {
  currency: string
  asOf: string
  points: readonly { days: number; rate: number }[]
}

interface Dividends {
  key: string
  asOf: string
  /** All that are to come were named by the broker. */
  isBrokers: boolean
  payments: readonly { exDate: string; amount: number }[]
}

export interface StoredCarryOptions {
  database: DatabaseCarry
  events: Pick<Events, 'carryRead' | 'carryUnread'>
  /** Aborted: nothing is read any more. */
  stop: AbortSignal
}

const HOUR_US = 3_600_000_000

export class StoredCarry {
  readonly #options: StoredCarryOptions
  /** By key of the contract. */
  readonly #underlyings = new Map<string, { instrument: number; currency: string }>()
  /** Those whose dividends are on the tape. */
  readonly #told = new Set<number>()
  #recorder: Recorder | undefined
  #isPrepared = false
  #isReading = false
  #isOutdated = false
  #readUs = 0

  constructor(options: StoredCarryOptions) {
    this.#options = options
  }

  /** Follows the sessions of `recorder`, and gives it what is read. */
  attach(recorder: Recorder): void {
    this.#recorder = recorder
    recorder.subscribe((record) => this.#take(record))
  }

  /** The database can be asked from now on. */
  prepared(): void {
    this.#isPrepared = true
    this.#refresh()
  }

  #take(record: TapeRecord): void {
    if (record.kind === 'contract' && record.contract.kind !== 'option') {
      const { instrument, contract } = record
      this.#underlyings.set(contractKey(contract), { instrument, currency: contract.currency })
      this.#refresh()
    } else if (record.kind === 'session' && record.event === 'alive' && record.tsUs - this.#readUs >= HOUR_US) this.#refresh()
  }

  #refresh(): void {
    this.#isOutdated = true
    const recorder = this.#recorder
    if (recorder && this.#isPrepared && !this.#isReading && this.#underlyings.size > 0) void this.#readAll(recorder)
  }

  /** Reads, and once more when something became known meanwhile. Never rejects. */
  async #readAll(recorder: Recorder): Promise<void> {
    const { stop, events } = this.#options
    this.#isReading = true
    while (this.#isOutdated && !stop.aborted) {
      this.#isOutdated = false
      this.#readUs = recorder.nowUs
      try {
        const inputs = await this.#read(nyse.zone.dateOf(this.#readUs))
        if (stop.aborted) break
        recorder.carry(inputs)
        events.carryRead()
      } catch (error) {
        if (!stop.aborted) events.carryUnread({ error })
      }
    }
    this.#isReading = false
  }

  async #read(today: string): Promise<CarryInput[]> {
    const { database } = this.#options
    const underlyings = new Map(this.#underlyings)
    const currencies = [...new Set([...underlyings.values()].map(({ currency }) => currency))]
    const rates = await database.rates({ currencies, today })
    const dividends = new Map((await database.dividends({ keys: [...underlyings.keys()], today })).map((known) => [known.key, known]))
    const inputs: CarryInput[] = rates.map((curve) => ({ input: 'rates', ...curve, source: 'interest-rates' }))
    for (const [key, { instrument }] of underlyings) {
      const known = dividends.get(key)
      if (known) {
        const { payments, asOf, isBrokers } = known
        inputs.push({ input: 'dividends', instrument, payments, asOf, source: isBrokers ? 'broker' : 'corporate-actions' })
        this.#told.add(instrument)
        // What was known was cancelled or is over.
      } else if (this.#told.has(instrument)) inputs.push({ input: 'dividends', instrument, payments: [], source: 'corporate-actions' })
    }
    return inputs
  }
}
