/**
 * The journal of one recording session: every record is on disk here before the database sees it.
 *
 * Records are encoded into an open block as they come. A block is sealed when its batch is full or when its oldest record
 * has waited `fsyncMs`; sealed blocks wait in line, and one loop writes all that wait with a single write and fdatasync (a sync).
 * A batch closes when it holds `batchRows` records or is `batchMs` old, unless others wait for the database already: then it fills
 * up, so that an outage of hours leaves few large batches. It is handed out only when all its blocks are durable.
 * So whatever the database has committed is whole on disk, and after a crash the blocks found under one batch number are either
 * exactly what was committed or were never sent.
 *
 * A failed write or fdatasync ends the segment: what was not durable is written again, from memory, into a new one.
 * Readers skip records whose seq they have already seen, so the doubt about the old segment's tail is harmless.
 *
 * A segment is open -> left (full, or failed) -> closed. It is closed, and may be released, only when a block behind it is durable:
 * whatever the instant of a crash, the newest rows of the session are still in the folder, and its end can be told.
 *
 * While the disk fails, or has less room than is to be left to others, records wait in memory. How much may wait there, and on disk
 * for the database, is the bound's (bound.ts); who appends ticks asks it first.
 *
 * Once a second the name of the open segment is looked up: when it has disappeared, because somebody deleted or moved the folder,
 * folder and segment are made again from what the open file still holds, before anything else is written.
 *
 * When what the disk did not take is given up at the end, the newest segment stays open for ever: the next start then finds a session
 * without an end, and names the gap.
 */

import { messageOf } from '../../market/errors.ts'
import { statfs, stat } from 'node:fs/promises'

import { RecordEncoder } from '../../db/tape/codec/encode.ts'
import { BLOCK_HEAD_BYTES, sealBlock } from '../../db/tape/file-layout.ts'
import { isTick, type TapeRecord } from '../../market/tick.ts'
import { addBlock, type JournalBatch, type SegmentRef } from './batch.ts'
import type { JournalBound, Refusal } from './bound.ts'
import { type ControlRecord, Preamble } from './preamble.ts'
import { isGone, SegmentWriter } from './segment-file.ts'

export interface JournalSettings {
  /** Records after which a batch is closed. */
  batchRows: number
  /** Age after which a batch is closed. */
  batchMs: number
  /** Longest time a record waits for its fdatasync to begin. */
  fsyncMs: number
  /** Size after which a new segment is begun. */
  segmentBytes: number
}

export interface JournalOptions extends JournalSettings {
  directory: string
  sessionId: number
  /** Of the journals of all sessions together. */
  bound: JournalBound
  /** Called with each closed, durable batch, in order. */
  onBatch: (batch: JournalBatch) => void
  /** True while batches wait for the database. */
  isBehind?: () => boolean
  /** Called when a segment will get no more blocks. */
  onSegmentClosed: (segment: SegmentRef) => void
  onSync: (figures: { bytes: number; seconds: number }) => void
  onError: (error: unknown, segment: string) => void
  /** The name of the open segment has disappeared; it is restored. `missing`: closed segments that are gone with it. */
  onFolderGone?: (path: string, missing: readonly SegmentRef[]) => void
  /** Fired: a disk that takes nothing is waited for no longer, what it did not take is lost. */
  /** The session has ended and its journal is closed; `isWhole`: everything is on disk. */
  onClosed?: (isWhole: boolean) => unknown
  giveUp?: AbortSignal
  onLost?: (ticks: number) => void
}

interface SealedBlock {
  bytes: Buffer
  records: number
  ticks: number
  firstSeq: number
  firstTsUs: number
  lastTsUs: number
  batch: JournalBatch
  controls: ControlRecord[]
  /** A new segment begins with this block. */
  first: boolean
  /** The batch closes with this block. */
  last: boolean
  durable: boolean
}

/** Payloads kept for the writer; past this it reads them back from the segment, so that an outage does not grow memory. */
const MAX_BYTES_IN_MEMORY = 64 << 20
const RETRY_AFTER_ERROR_MS = 1000
const LOOK_EVERY_MS = 1000

export class Journal {
  readonly #options: JournalOptions
  readonly #preamble = new Preamble()
  #blockTicks = 0
  #blockFirstSeq = 0
  /** Of the open block. */
  #controls: ControlRecord[] = []
  #first = false
  #encoder = new RecordEncoder(BLOCK_HEAD_BYTES)
  #batch: JournalBatch
  #batchRecords = 0
  #batchDueMs = 0
  #blockOpenedMs = 0
  readonly #sealed: SealedBlock[] = []
  /** The newest block of the open batch. */
  #tail: SealedBlock | undefined
  #segment: SegmentWriter | undefined
  readonly #left: SegmentWriter[] = []
  #segmentNo = 0
  #bytesInMemory = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #lastSeq = 0
  #durableSeq = 0
  #awaited: { seq: number; resolve: () => void }[] = []
  #hasLost = false
  #lookDueMs = performance.now() + LOOK_EVERY_MS
  readonly #looking: NodeJS.Timeout

  constructor(options: JournalOptions) {
    this.#options = options
    this.#batch = this.#newBatch(1)
    this.#looking = setInterval(() => this.#write(), LOOK_EVERY_MS)
    this.#looking.unref()
  }

  /** Why no tick is to be appended now, if so. Other records always may. */
  get refusal(): Refusal | undefined {
    return this.#options.bound.refusal
  }

  /**
   * Has the next record begin a segment, so that all before it can be released. For a journal that is full: the segment it
   * writes into would otherwise wait for records that are refused because of it.
   */
  beginSegment(): void {
    this.#seal(false)
    this.#first = true
  }

  /** Takes a record; its seq is one above that of the record before. Never waits and never throws for reasons of the disk. */
  append(record: TapeRecord): void {
    this.#encoder.append(record)
    this.#lastSeq = record.seq
    if (isTick(record)) this.#blockTicks++
    else this.#controls.push(record)
    const nowMs = performance.now()
    if (this.#batchRecords++ === 0) {
      this.#batch.openedMs = nowMs
      this.#batchDueMs = nowMs + this.#options.batchMs
    }
    if (this.#encoder.records === 1) {
      this.#blockFirstSeq = record.seq
      this.#blockOpenedMs = nowMs
      clearTimeout(this.#timer)
      this.#timer = setTimeout(this.#onTimer, this.#dueInMs(nowMs))
    }
    if (this.#batchRecords >= this.#options.batchRows) this.#seal(true)
  }

  /** Resolves when everything that was appended until now is on disk; never when that is lost. */
  durable(): Promise<void> {
    const seq = this.#lastSeq
    if (this.#durableSeq >= seq) return Promise.resolve()
    return new Promise((resolve) => this.#awaited.push({ seq, resolve }))
  }

  /** Payload bytes of durable batches that wait for the database in memory. */
  released(bytes: number): void {
    this.#bytesInMemory -= bytes
  }

  /** Seals what is open, waits until everything is durable and closes the segment. Nothing may be appended after. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    clearInterval(this.#looking)
    if (this.#batchRecords > 0) this.#seal(true)
    while (this.#writing) await this.#writing
    await this.#leaveSegment()
    if (!this.#hasLost) await this.#closeSegments()
    // Not released, the newest durable rows make the next start find a session that was open until then.
    for (const segment of this.#left) await segment.close().catch(() => undefined)
    this.#options.onClosed?.(!this.#hasLost)
  }

  readonly #onTimer = () => {
    this.#timer = undefined
    const nowMs = performance.now()
    let batchIsDue = this.#batchRecords > 0 && nowMs >= this.#batchDueMs
    if (batchIsDue && this.#options.isBehind?.()) {
      batchIsDue = false
      this.#batchDueMs = nowMs + this.#options.batchMs
    }
    const blockIsDue = this.#encoder.records > 0 && nowMs - this.#blockOpenedMs >= this.#options.fsyncMs
    if (batchIsDue || blockIsDue) this.#seal(batchIsDue)
    if (this.#batchRecords > 0) this.#timer = setTimeout(this.#onTimer, this.#dueInMs(nowMs))
  }

  #dueInMs(nowMs: number): number {
    const blockDueMs = this.#encoder.records > 0 ? this.#blockOpenedMs + this.#options.fsyncMs : Number.POSITIVE_INFINITY
    return Math.max(1, Math.min(this.#batchDueMs, blockDueMs) - nowMs)
  }

  #newBatch(batchNo: number): JournalBatch {
    return { sessionId: this.#options.sessionId, batchNo, ticks: 0, blocks: [] }
  }

  #seal(closesBatch: boolean): void {
    const batch = this.#batch
    if (this.#encoder.records > 0) this.#sealBlock(batch)
    if (closesBatch) {
      if (this.#tail?.durable) this.#options.onBatch(batch)
      else if (this.#tail) this.#tail.last = true
      this.#tail = undefined
      this.#batch = this.#newBatch(batch.batchNo + 1)
      this.#batchRecords = 0
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    if (this.#sealed.length > 0) this.#write()
  }

  #sealBlock(batch: JournalBatch): void {
    const { records, firstTsUs, lastTsUs } = this.#encoder
    const bytes = sealBlock(this.#encoder, batch.batchNo)
    const [ticks, firstSeq, controls] = [this.#blockTicks, this.#blockFirstSeq, this.#controls]
    const content = { records, ticks, firstSeq, firstTsUs, lastTsUs }
    this.#tail = { bytes, ...content, batch, controls, first: this.#first, last: false, durable: false }
    this.#sealed.push(this.#tail)
    this.#first = false
    this.#options.bound.wait(bytes.buffer.byteLength, ticks)
    batch.ticks += ticks
    this.#blockTicks = 0
    this.#controls = []
    // The next block is likely as large as this one; growing it step by step would copy it.
    this.#encoder = new RecordEncoder(BLOCK_HEAD_BYTES, Math.max(4096, (bytes.length + 1024) & ~7))
  }

  #write(): void {
    this.#writing ??= this.#writeSealed().finally(() => {
      this.#writing = undefined
    })
  }

  async #writeSealed(): Promise<void> {
    if (!(await this.#isInPlace())) return this.#lose([])
    while (this.#sealed.length > 0) {
      const end = this.#sealed.findIndex(({ first }, i) => first && i > 0)
      const blocks = this.#sealed.splice(0, end < 0 ? this.#sealed.length : end)
      if (blocks[0]?.first) await this.#leaveSegment()
      const startedMs = performance.now()
      const bytes = await this.#writeDurably(blocks)
      if (bytes === undefined) return this.#lose(blocks)
      this.#options.onSync({ bytes, seconds: (performance.now() - startedMs) / 1000 })
      this.#options.bound.setFault('disk', undefined)
      for (const block of blocks) {
        block.durable = true
        this.#durableSeq = block.firstSeq + block.records - 1
        this.#options.bound.settle(block.bytes.buffer.byteLength, block.ticks)
        if (block.last) this.#options.onBatch(block.batch)
      }
      this.#tellDurable()
      if (!(await this.#isInPlace())) return this.#lose([])
    }
  }

  #tellDurable(): void {
    const told = this.#awaited.filter(({ seq }) => seq <= this.#durableSeq)
    if (told.length === 0) return
    this.#awaited = this.#awaited.filter(({ seq }) => seq > this.#durableSeq)
    for (const { resolve } of told) resolve()
  }

  #lose(blocks: SealedBlock[]): void {
    this.#hasLost = true
    const lost = [...blocks, ...this.#sealed.splice(0)]
    for (const { bytes, ticks } of lost) this.#options.bound.settle(bytes.buffer.byteLength, ticks)
    this.#options.onLost?.(lost.reduce((sum, { ticks }) => sum + ticks, 0))
  }

  /** Returns the bytes written once they are durable, however many segments that takes; undefined when it was given up. */
  async #writeDurably(blocks: SealedBlock[]): Promise<number | undefined> {
    for (;;) {
      const written = await this.#writeAndSync(blocks).catch((error: unknown) => this.#failed(error))
      if (written !== undefined) return written
      if (this.#options.giveUp?.aborted) return undefined
    }
  }

  async #writeAndSync(blocks: SealedBlock[]): Promise<number> {
    await this.#leaveRoom(blocks.reduce((sum, { bytes }) => sum + bytes.length, 0))
    const segment = this.#segment ?? (await this.#createSegment(blocks[0]?.batch))
    let { offset } = segment
    const written = await segment.append(blocks.map(({ bytes }) => bytes))
    this.#options.bound.grow(segment, written)
    for (const { batch, controls, bytes, ...content } of blocks) {
      this.#addBlock(segment, batch, content, offset, bytes.subarray(BLOCK_HEAD_BYTES))
      offset += bytes.length
      for (const record of controls) this.#preamble.take(record)
    }
    await this.#closeSegments()
    if (segment.offset >= this.#options.segmentBytes) await this.#leaveSegment()
    return written
  }

  /** Throws when writing so many bytes would leave too little of the disk to others. */
  async #leaveRoom(bytes: number): Promise<void> {
    const { minFreeBytes } = this.#options.bound.limits
    if (minFreeBytes === 0) return
    // A file system that cannot tell is taken at its word when it is written to.
    const free = await statfs(this.#options.directory).catch(() => undefined)
    if (!free || free.bavail * free.bsize - bytes >= minFreeBytes) return
    const message = `the disk would have less than ${minFreeBytes / 2 ** 20} MiB free, which journal.minFreeBytes leaves to others`
    throw Object.assign(new Error(message), { code: 'ENOSPC' })
  }

  #addBlock(
    segment: SegmentWriter,
    batch: JournalBatch,
    content: Omit<SealedBlock, 'bytes' | 'batch' | 'controls'>,
    offset: number,
    payload: Uint8Array,
  ): void {
    const keep = this.#bytesInMemory + payload.length <= MAX_BYTES_IN_MEMORY
    if (keep) this.#bytesInMemory += payload.length
    segment.blocks++
    const { records, ticks, firstSeq, firstTsUs, lastTsUs } = content
    const block = { offset, payloadBytes: payload.length, records, ticks, firstSeq, firstTsUs, lastTsUs }
    addBlock(batch, segment, block, keep ? payload : undefined)
  }

  /** After a failed write or fdatasync the pages' fate is unknown: never retried in place, the segment ends at what was durable. */
  async #failed(error: unknown): Promise<undefined> {
    this.#complain(error, this.#segment?.path ?? this.#options.directory)
    await this.#segment?.cutDoubt()
    await this.#leaveSegment()
    await pause()
  }

  #complain(error: unknown, path: string): void {
    const reason = messageOf(error)
    this.#options.bound.setFault('disk', `the journal cannot be written (${reason})`)
    this.#options.onError(error, path)
  }

  /**
   * Looks at most once a second. A segment whose name has disappeared takes nothing more before it is restored.
   * False when that was given up: what is in it is lost.
   */
  async #isInPlace(): Promise<boolean> {
    const open = this.#segment ? [...this.#left, this.#segment] : this.#left
    if (open.length === 0 || performance.now() < this.#lookDueMs) return true
    this.#lookDueMs = performance.now() + LOOK_EVERY_MS / 2
    const gone: SegmentWriter[] = []
    for (const segment of open) if (!(await segment.isInPlace())) gone.push(segment)
    const [first] = gone
    if (!first) return true
    const { bound, onFolderGone } = this.#options
    const missing = await missingOf([...bound.segments].filter((other) => !gone.includes(other as SegmentWriter)))
    bound.setMissing(missing)
    onFolderGone?.(first.path, missing)
    for (const segment of gone) if (!(await this.#restore(segment))) return false
    return true
  }

  async #restore(segment: SegmentWriter): Promise<boolean> {
    while (!this.#options.giveUp?.aborted) {
      try {
        await segment.restore()
        return true
      } catch (error) {
        this.#complain(error, segment.path)
        await pause()
      }
    }
    return false
  }

  async #createSegment(batch: JournalBatch | undefined): Promise<SegmentWriter> {
    const { directory, sessionId } = this.#options
    const continuesBatch = (batch?.blocks.length ?? 0) > 0
    const preamble = this.#preamble.records
    const number = this.#segmentNo + 1
    const segment = await SegmentWriter.create({ directory, sessionId, segment: number, continuesBatch, preamble }).catch(
      (error: unknown) => {
        // The next attempt takes another name, and without need no other: a lasting fault is one fault.
        if (error instanceof Error && 'code' in error && error.code === 'EEXIST') this.#segmentNo = number
        throw error
      },
    )
    this.#segmentNo = number
    this.#options.bound.grow(segment, segment.offset)
    this.#segment = segment
    return segment
  }

  /** It gets no more blocks, but stays open until a block behind it is durable. */
  async #leaveSegment(): Promise<void> {
    const segment = this.#segment
    this.#segment = undefined
    if (!segment) return
    const { bound } = this.#options
    bound.grow(segment, (await segment.size()) - segment.bytes)
    if (segment.blocks > 0) {
      this.#left.push(segment)
      return
    }
    // Nothing in it was ever durable, and what was tried is written again.
    await segment.remove()
    bound.forget(segment)
  }

  async #closeSegments(): Promise<void> {
    for (const segment of this.#left.splice(0)) {
      segment.closed = true
      await segment.close().catch((error: unknown) => this.#options.onError(error, segment.path))
      this.#options.onSegmentClosed(segment)
    }
  }
}

async function missingOf(segments: readonly SegmentRef[]): Promise<SegmentRef[]> {
  const missing: SegmentRef[] = []
  for (const segment of segments) await stat(segment.path).catch((error: unknown) => isGone(error) && missing.push(segment))
  return missing
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_ERROR_MS))
}
