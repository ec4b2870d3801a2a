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
 */

import { type FileHandle, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'

import { RecordEncoder } from '../../db/tape/codec/encode.ts'
import { BLOCK_HEAD_BYTES, encodeFileHead, sealBlock, stampSync } from '../../db/tape/segment.ts'
import { isTick, type TapeRecord, type Tick } from '../../market/tick.ts'
import { gapKey } from '../gaps/gap.ts'
import { addBlock, type JournalBatch, type SegmentRef } from './batch.ts'
import type { JournalBound, Refusal } from './bound.ts'
import { makeFolder, segmentName, syncFolder } from './directory.ts'

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
  /** Fired: a disk that takes nothing is waited for no longer, what it did not take is lost. */
  giveUp?: AbortSignal
  onLost?: (ticks: number) => void
}

/** Records of which some hold from then on: for good, until the line is closed, until a gap names the hole. */
type ControlRecord = Exclude<TapeRecord, Tick>

interface SealedBlock {
  bytes: Buffer
  ticks: number
  batch: JournalBatch
  controls: ControlRecord[]
  /** A new segment begins with this block. */
  first: boolean
  /** The batch closes with this block. */
  last: boolean
  durable: boolean
}

interface OpenSegment extends SegmentRef {
  file: FileHandle
  /** Durable blocks of batches. */
  blocks: number
}

/** Payloads kept for the writer; past this it reads them back from the segment, so that an outage does not grow memory. */
const MAX_BYTES_IN_MEMORY = 64 << 20
const RETRY_AFTER_ERROR_MS = 1000

export class Journal {
  readonly #options: JournalOptions
  /** Durable records that a new segment repeats so that it can be read alone: contracts, settings, open lines, an open hole. By seq. */
  readonly #preamble = new Map<number, ControlRecord>()
  /** Of the holes that are open, by `gapKey`. */
  readonly #interruptedSeqs = new Map<string, number>()
  #blockTicks = 0
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
  #segment: OpenSegment | undefined
  #left: SegmentRef[] = []
  #segmentNo = 0
  #offset = 0
  #syncNo = 0
  #bytesInMemory = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined

  constructor(options: JournalOptions) {
    this.#options = options
    this.#batch = this.#newBatch(1)
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

  /** Takes a record. Never waits and never throws for reasons of the disk. */
  append(record: TapeRecord): void {
    this.#encoder.append(record)
    if (isTick(record)) this.#blockTicks++
    else this.#controls.push(record)
    const nowMs = performance.now()
    if (this.#batchRecords++ === 0) {
      this.#batch.openedMs = nowMs
      this.#batchDueMs = nowMs + this.#options.batchMs
    }
    if (this.#encoder.records === 1) {
      this.#blockOpenedMs = nowMs
      clearTimeout(this.#timer)
      this.#timer = setTimeout(this.#onTimer, this.#dueInMs(nowMs))
    }
    if (this.#batchRecords >= this.#options.batchRows) this.#seal(true)
  }

  /** Payload bytes of durable batches that wait for the database in memory. */
  released(bytes: number): void {
    this.#bytesInMemory -= bytes
  }

  /** Seals what is open, waits until everything is durable and closes the segment. Nothing may be appended after. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    if (this.#batchRecords > 0) this.#seal(true)
    while (this.#writing) await this.#writing
    await this.#leaveSegment()
    this.#closeSegments()
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
    if (this.#encoder.records > 0) {
      const bytes = sealBlock(this.#encoder, batch.batchNo)
      this.#tail = { bytes, ticks: this.#blockTicks, batch, controls: this.#controls, first: this.#first, last: false, durable: false }
      this.#sealed.push(this.#tail)
      this.#first = false
      this.#options.bound.waitingBytes += bytes.buffer.byteLength
      batch.ticks += this.#blockTicks
      this.#blockTicks = 0
      this.#controls = []
      // The next block is likely as large as this one; growing it step by step would copy it.
      this.#encoder = new RecordEncoder(BLOCK_HEAD_BYTES, Math.max(4096, (this.#tail.bytes.length + 1024) & ~7))
    }
    if (closesBatch) {
      if (this.#tail?.durable) this.#options.onBatch(batch)
      else if (this.#tail) this.#tail.last = true
      this.#tail = undefined
      this.#batch = this.#newBatch(batch.batchNo + 1)
      this.#batchRecords = 0
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    if (this.#sealed.length > 0)
      this.#writing ??= this.#writeSealed().finally(() => {
        this.#writing = undefined
      })
  }

  async #writeSealed(): Promise<void> {
    while (this.#sealed.length > 0) {
      const end = this.#sealed.findIndex(({ first }, i) => first && i > 0)
      const blocks = this.#sealed.splice(0, end < 0 ? this.#sealed.length : end)
      if (blocks[0]?.first) await this.#leaveSegment()
      const startedMs = performance.now()
      const bytes = await this.#writeDurably(blocks)
      if (bytes === undefined) return this.#lose(blocks)
      this.#options.onSync({ bytes, seconds: (performance.now() - startedMs) / 1000 })
      this.#options.bound.diskFails = false
      for (const block of blocks) {
        block.durable = true
        this.#options.bound.waitingBytes -= block.bytes.buffer.byteLength
        if (block.last) this.#options.onBatch(block.batch)
      }
    }
  }

  #lose(blocks: SealedBlock[]): void {
    const lost = [...blocks, ...this.#sealed.splice(0)]
    for (const { bytes } of lost) this.#options.bound.waitingBytes -= bytes.buffer.byteLength
    this.#options.onLost?.(lost.reduce((sum, { ticks }) => sum + ticks, 0))
  }

  /** Returns the bytes written once they are durable, however many segments that takes; undefined when it was given up. */
  async #writeDurably(blocks: SealedBlock[]): Promise<number | undefined> {
    let segment: OpenSegment | undefined
    while (!segment) {
      segment = await this.#writeAndSync(blocks).catch((error: unknown) => this.#failed(error))
      if (!segment && this.#options.giveUp?.aborted) return undefined
    }
    const startOffset = this.#offset
    for (const { bytes, batch, controls } of blocks) {
      this.#addBlock(segment, batch, bytes.subarray(BLOCK_HEAD_BYTES))
      this.#offset += bytes.length
      this.#grow(segment, bytes.length)
      for (const record of controls) this.#stand(record)
    }
    this.#closeSegments()
    const written = this.#offset - startOffset
    if (this.#offset >= this.#options.segmentBytes) await this.#leaveSegment()
    return written
  }

  async #writeAndSync(blocks: SealedBlock[]): Promise<OpenSegment> {
    await this.#leaveRoom(blocks.reduce((sum, { bytes }) => sum + bytes.length, 0))
    const segment = this.#segment ?? (await this.#createSegment())
    this.#syncNo++
    for (const [index, { bytes }] of blocks.entries()) stampSync(bytes, this.#syncNo, index)
    await writeFully(
      segment.file,
      blocks.map(({ bytes }) => bytes),
      this.#offset,
    )
    await segment.file.datasync()
    return segment
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

  #stand(record: ControlRecord): void {
    if (record.kind === 'gap') {
      if (record.instrument !== undefined) return
      const key = gapKey(record)
      this.#preamble.delete(this.#interruptedSeqs.get(key) ?? 0)
      this.#interruptedSeqs.delete(key)
    } else if (record.kind === 'session') {
      if (record.event !== 'interrupted') return
      this.#interruptedSeqs.set(gapKey(record), record.seq)
      this.#preamble.set(record.seq, record)
    } else if (record.kind === 'line' && record.event === 'closed') this.#preamble.delete(record.openedSeq)
    else this.#preamble.set(record.seq, record)
  }

  #addBlock(segment: OpenSegment, batch: JournalBatch, payload: Uint8Array): void {
    const keep = this.#bytesInMemory + payload.length <= MAX_BYTES_IN_MEMORY
    if (keep) this.#bytesInMemory += payload.length
    segment.blocks++
    addBlock(batch, segment, this.#offset, payload.length, keep ? payload : undefined)
  }

  /** After a failed write or fdatasync the pages' fate is unknown: never retried in place, the segment ends at what was durable. */
  async #failed(error: unknown): Promise<undefined> {
    this.#options.bound.diskFails = true
    this.#options.onError(error, this.#segment?.path ?? this.#options.directory)
    await this.#segment?.file.truncate(this.#offset).catch(() => undefined)
    await this.#leaveSegment()
    await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_ERROR_MS))
  }

  async #createSegment(): Promise<OpenSegment> {
    const { directory, sessionId } = this.#options
    await makeFolder(directory)
    const path = join(directory, segmentName(sessionId, ++this.#segmentNo))
    const file = await open(path, 'wx')
    try {
      const parts = [encodeFileHead({ source: 'collector', sessionId, segment: this.#segmentNo })]
      this.#syncNo = 0
      if (this.#preamble.size > 0) {
        const encoder = new RecordEncoder(BLOCK_HEAD_BYTES)
        for (const record of this.#preamble.values()) encoder.append(record)
        const block = sealBlock(encoder, 0)
        stampSync(block, ++this.#syncNo, 0)
        parts.push(block)
      }
      this.#offset = await writeFully(file, parts, 0)
      await file.datasync()
      // The name itself must survive a power cut too.
      await syncFolder(directory)
    } catch (error) {
      await file.close()
      await rm(path, { force: true })
      throw error
    }
    const segment: OpenSegment = { path, bytes: 0, uncommitted: 0, closed: false, file, blocks: 0 }
    this.#grow(segment, this.#offset)
    this.#segment = segment
    return segment
  }

  async #leaveSegment(): Promise<void> {
    const segment = this.#segment
    this.#segment = undefined
    if (!segment) return
    // What a failed write left behind could perhaps not be cut off.
    const { size } = await segment.file.stat().catch(() => ({ size: segment.bytes }))
    this.#grow(segment, size - segment.bytes)
    await segment.file.close().catch((error: unknown) => this.#options.onError(error, segment.path))
    if (segment.blocks > 0) this.#left.push(segment)
    // Nothing in it was ever durable, and what was tried is written again.
    else {
      await rm(segment.path, { force: true }).catch(() => undefined)
      this.#grow(segment, -segment.bytes)
    }
  }

  #grow(segment: OpenSegment, bytes: number): void {
    segment.bytes += bytes
    this.#options.bound.segmentBytes += bytes
  }

  #closeSegments(): void {
    for (const segment of this.#left.splice(0)) {
      segment.closed = true
      this.#options.onSegmentClosed(segment)
    }
  }
}

/** Writes all buffers one after the other from `offset` on; returns the number of bytes. */
async function writeFully(file: FileHandle, buffers: Buffer[], offset: number): Promise<number> {
  const total = buffers.reduce((sum, { length }) => sum + length, 0)
  let { bytesWritten } = await file.writev(buffers, offset)
  if (bytesWritten < total) {
    // A disk filling up writes short first; going on finishes it or brings the error.
    const all = Buffer.concat(buffers)
    while (bytesWritten < total)
      bytesWritten += (await file.write(all, bytesWritten, total - bytesWritten, offset + bytesWritten)).bytesWritten
  }
  return total
}
