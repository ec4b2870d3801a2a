/**
 * Places of batches in the chains of their sessions (db/verify/chain.ts). Batches come here in the order of the journal, and are written
 * over several lanes in any order: each place waits for the one before it, which a lane has taken up earlier.
 */

/** Sessions that follow each other, and those that a recovery drains. */
const REMEMBERED_SESSIONS = 64

export class ChainPlaces {
  /** The newest place of each session; the latest session last. */
  readonly #newest = new Map<number, Place>()

  /** The place of the next batch of a session. */
  add(sessionId: number, batchNo: number, isRecovered: boolean): Place {
    const last = this.#newest.get(sessionId)
    // Behind one that is missing, the database says what to chain to.
    const place = new Place(last?.batchNo === batchNo - 1 ? last : undefined, batchNo, isRecovered)
    this.#newest.delete(sessionId)
    this.#newest.set(sessionId, place)
    const [oldest] = this.#newest.keys()
    if (oldest !== undefined && this.#newest.size > REMEMBERED_SESSIONS) this.#newest.delete(oldest)
    return place
  }
}

export class Place {
  readonly batchNo: number
  readonly isRecovered: boolean
  /** Its own, once it is known: of another attempt no other comes out. */
  chain: Buffer | undefined
  #before: Place | undefined
  readonly #known: Promise<Buffer>
  #resolve: (chain: Buffer) => void = () => undefined
  #reject: (reason: Error) => void = () => undefined

  constructor(before: Place | undefined, batchNo: number, isRecovered: boolean) {
    this.#before = before
    this.batchNo = batchNo
    this.isRecovered = isRecovered
    this.#known = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#known.catch(() => undefined)
  }

  before(): Promise<Buffer> | undefined {
    return this.#before === undefined ? undefined : this.#before.#known
  }

  chained(chain: Buffer): void {
    this.chain = chain
    this.#resolve(chain)
    // Else every batch of the session would stay in memory.
    this.#before = undefined
  }

  /** The batch will not be written by this process: who waits for it need not wait any longer. */
  abandon(): void {
    this.#reject(new Error(`batch ${this.batchNo}, to which it is chained, was given up`))
  }
}
