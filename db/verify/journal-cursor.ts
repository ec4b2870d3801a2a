/** Walks a session's journal beside its rows in the database, and remembers which batches it has passed. */

import type { TapeRecord } from '../../market/tick.ts'
import type { ContractOf } from './content.ts'

/** A block of a session's journal, as it is on disk. */
export interface JournaledBlock {
  path: string
  batchNo: number
  /** Its file was put away: everything in it was taken for written to the database. */
  isReleased: boolean
  /** In the order of `seq`. */
  records: readonly TapeRecord[]
  contractOf: ContractOf
}

/** The journal of a collector, as far as it is still on disk. */
export interface JournalOnDisk {
  /** Sessions of which it has segments. */
  sessions: readonly number[]
  /** The blocks of a session in their order, each record once. */
  blocks: (sessionId: number) => AsyncIterable<JournaledBlock>
}

/** A batch as the journal has it. */
export interface JournaledBatch {
  batchNo: number
  isReleased: boolean
  path: string
  firstSeq: number
  lastSeq: number
}

/** Records that are missing between two blocks. */
export interface JournalHole {
  path: string
  fromSeq: number
  toSeq: number
  fromTsUs: number
  toTsUs: number
}

export class JournalCursor {
  readonly holes: JournalHole[] = []
  /** By number; those that were asked for and forgotten are not among them. */
  readonly batches = new Map<number, JournaledBatch>()
  readonly #blocks: AsyncIterator<JournaledBlock>
  #block: JournaledBlock | undefined
  #next = 0
  #lastSeq = 0
  #lastTsUs = 0
  #ended = false

  constructor(blocks: AsyncIterable<JournaledBlock>) {
    this.#blocks = blocks[Symbol.asyncIterator]()
  }

  /** True when `recordAt` can be asked for this record at once; else `load` must be waited for. */
  reaches(seq: number): boolean {
    return this.#ended || (this.#block?.records.at(-1)?.seq ?? 0) >= seq
  }

  async load(seq: number): Promise<void> {
    while (!this.reaches(seq)) {
      const { value, done } = await this.#blocks.next()
      if (done) {
        this.#ended = true
        this.#block = undefined
      } else this.#enter(value)
    }
  }

  /** The record with this number, if the journal has it. Numbers that are asked for rise. */
  recordAt(seq: number): TapeRecord | undefined {
    const records = this.#block?.records ?? []
    while ((records[this.#next]?.seq ?? Number.POSITIVE_INFINITY) < seq) this.#next++
    const record = records[this.#next]
    return record?.seq === seq ? record : undefined
  }

  /** Explains the instruments of the record that was asked for last. */
  get contractOf(): ContractOf {
    return this.#block?.contractOf ?? (() => undefined)
  }

  /** Reads on to the end, for the batches that are left. */
  async finish(): Promise<void> {
    await this.load(Number.POSITIVE_INFINITY)
  }

  async close(): Promise<void> {
    await this.#blocks.return?.()
  }

  #enter(block: JournaledBlock): void {
    this.#block = block
    this.#next = 0
    const [first, last] = [block.records[0], block.records.at(-1)]
    if (!first || !last) return
    const { batchNo, isReleased, path } = block
    if (this.#lastSeq > 0 && first.seq > this.#lastSeq + 1)
      this.holes.push({ path, fromSeq: this.#lastSeq + 1, toSeq: first.seq - 1, fromTsUs: this.#lastTsUs, toTsUs: first.tsUs })
    this.#lastSeq = last.seq
    this.#lastTsUs = last.tsUs
    const known = this.batches.get(batchNo)
    // A batch that goes on in a segment that was not put away was not either.
    if (known) Object.assign(known, { lastSeq: last.seq, isReleased: known.isReleased && isReleased })
    else this.batches.set(batchNo, { batchNo, isReleased, path, firstSeq: first.seq, lastSeq: last.seq })
  }
}
