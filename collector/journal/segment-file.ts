/**
 * One file of the journal that is being written. Every append is one write and one fdatasync; what is behind `offset` is in doubt.
 *
 * States: open -> closed. A file whose name has disappeared, because somebody deleted or moved its folder, stays open and is put back
 * under its name from what the handle still gives (`restore`).
 */

import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { RecordEncoder } from '../../db/tape/codec/encode.ts'
import { BLOCK_HEAD_BYTES, encodeFileHead, sealBlock, stampSync } from '../../db/tape/file-layout.ts'
import { makeFolder, syncFolder, writeFully } from '../../system/durable-files.ts'
import type { TapeRecord } from '../../market/tick.ts'
import type { SegmentRef } from './batch.ts'
import { segmentName } from './directory.ts'

const COPY_BYTES = 1 << 22

export interface NewSegment {
  directory: string
  sessionId: number
  segment: number
  /** Its first batch began in the segment before. */
  continuesBatch: boolean
  /** Records that it repeats, so that it can be read alone. */
  preamble: readonly TapeRecord[]
}

export class SegmentWriter implements SegmentRef {
  readonly path: string
  bytes = 0
  uncommitted = 0
  closed = false
  file: FileHandle | undefined
  /** Durable blocks of batches. */
  blocks = 0
  /** Bytes that are durable. */
  offset = 0
  #syncNo = 0
  #inode = { dev: 0, ino: 0 }

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.file = file
  }

  static async create({ directory, sessionId, segment, continuesBatch, preamble }: NewSegment): Promise<SegmentWriter> {
    await makeFolder(directory)
    const path = join(directory, segmentName(sessionId, segment))
    const file = await open(path, 'wx+')
    const created = new SegmentWriter(path, file)
    try {
      const parts = [encodeFileHead({ source: 'collector', sessionId, segment, ...(continuesBatch && { continuesBatch }) })]
      if (preamble.length > 0) {
        const encoder = new RecordEncoder(BLOCK_HEAD_BYTES)
        for (const record of preamble) encoder.append(record)
        const block = sealBlock(encoder, 0)
        stampSync(block, ++created.#syncNo, 0)
        parts.push(block)
      }
      created.offset = await writeFully(file, parts, 0)
      await file.datasync()
      // The name itself must survive a power cut too.
      await syncFolder(directory)
      created.#inode = await file.stat()
    } catch (error) {
      await file.close()
      await rm(path, { force: true })
      throw error
    }
    return created
  }

  /** Writes the blocks behind what is durable. Returns their bytes when they are durable too; whose fate is unknown when it throws. */
  async append(blocks: readonly Buffer[]): Promise<number> {
    if (!this.file) throw new Error(`${this.path} is closed.`)
    this.#syncNo++
    for (const [index, bytes] of blocks.entries()) stampSync(bytes, this.#syncNo, index)
    const written = await writeFully(this.file, blocks, this.offset)
    await this.file.datasync()
    this.offset += written
    return written
  }

  /** False when another file, or none, has its name. */
  async isInPlace(): Promise<boolean> {
    // Whether it is there cannot be told without the right to look.
    const found = await stat(this.path).catch((error: unknown) => (isGone(error) ? undefined : this.#inode))
    return found !== undefined && found.ino === this.#inode.ino && found.dev === this.#inode.dev
  }

  /** Writes what is durable of it into a file of its name again, and goes on there. */
  async restore(): Promise<void> {
    const old = this.file
    if (!old) return
    await makeFolder(dirname(this.path))
    const partial = `${this.path}.partial`
    const copy = await open(partial, 'w+')
    try {
      const buffer = Buffer.alloc(COPY_BYTES)
      for (let at = 0; at < this.offset; ) {
        const { bytesRead } = await old.read(buffer, 0, Math.min(buffer.length, this.offset - at), at)
        if (bytesRead === 0) throw new Error(`${this.path} was deleted and ends at byte ${at}; ${this.offset} were written.`)
        at += await writeFully(copy, [buffer.subarray(0, bytesRead)], at)
      }
      await copy.datasync()
      await rename(partial, this.path)
      await syncFolder(dirname(this.path))
      this.#inode = await copy.stat()
    } catch (error) {
      await copy.close()
      await rm(partial, { force: true })
      throw error
    }
    this.file = copy
    await old.close().catch(() => undefined)
  }

  /** Cuts off what is in doubt, as far as the disk lets us. */
  async cutDoubt(): Promise<void> {
    await this.file?.truncate(this.offset).catch(() => undefined)
  }

  /** For one in which nothing was ever durable. */
  async remove(): Promise<void> {
    await this.close().catch(() => undefined)
    await rm(this.path, { force: true }).catch(() => undefined)
  }

  /** Of the file: what a failed write left behind could perhaps not be cut off. */
  async size(): Promise<number> {
    return ((await this.file?.stat().catch(() => undefined)) ?? { size: this.bytes }).size
  }

  async close(): Promise<void> {
    const { file } = this
    this.file = undefined
    await file?.close()
  }
}

/** Whether an error says that nothing has this name. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
