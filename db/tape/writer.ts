/** Writes a whole tape file in one go (importers, tests). It appears under its name only when it is complete. */

import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'

import { WriteError } from '../../market/errors.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { RecordEncoder } from './codec/encode.ts'
import { BLOCK_HEAD_BYTES, encodeFileHead, sealBlock, sealEndMark, stampSync, type TapeMeta } from './file-layout.ts'

const BLOCK_RECORDS = 4096
/** A block closes behind this much too, or long texts could make one that no reader takes. */
const BLOCK_BYTES = 1 << 22

/**
 * Writes `records` to `path`, replacing what was there. Returns their number. Leaves nothing behind when it fails.
 * Throws a WriteError (`tape-unwritable`) when the system refuses, and whatever `records` throws.
 */
export async function writeTape(
  path: string,
  meta: TapeMeta,
  records: AsyncIterable<TapeRecord[]> | Iterable<TapeRecord[]>,
): Promise<number> {
  const refused = (cause: NodeJS.ErrnoException) => {
    throw new WriteError(
      `Tape ${path} cannot be written (${cause.code}). Check that its folder exists, its permissions and the free space.`,
      {
        code: 'tape-unwritable',
        cause,
      },
    )
  }
  const head = encodeFileHead({ ...meta, endMark: true })
  const partial = `${path}.${randomBytes(4).toString('hex')}.partial`
  const file = await open(partial, 'wx').catch(refused)
  let written = 0
  try {
    let syncNo = 0
    let lastTsUs = 0
    let encoder = new RecordEncoder(BLOCK_HEAD_BYTES)
    const flush = async () => {
      if (encoder.records === 0) return
      const block = sealBlock(encoder, 0)
      // The file appears when it is whole, so every block counts as synced: damage to one is never a torn tail.
      stampSync(block, ++syncNo, 0)
      await file.appendFile(block).catch(refused)
      written += encoder.records
      lastTsUs = encoder.lastTsUs
      encoder = new RecordEncoder(BLOCK_HEAD_BYTES)
    }
    await file.appendFile(head).catch(refused)
    for await (const chunk of records) {
      for (const record of chunk) {
        encoder.append(record)
        if (encoder.records >= BLOCK_RECORDS || encoder.payloadBytes >= BLOCK_BYTES) await flush()
      }
    }
    await flush()
    await file.appendFile(sealEndMark(lastTsUs, ++syncNo)).catch(refused)
    await file.sync().catch(refused)
    await file.close()
    await rename(partial, path).catch(refused)
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(partial, { force: true })
    throw error
  }
  return written
}
