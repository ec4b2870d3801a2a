/** The hash of a stream of records: over their bytes as on a tape, so that a file and the database that it came from compare equal. */

import { createHash } from 'node:crypto'

import { RecordEncoder } from '../../db/tape/codec/encode.ts'
import { readBlocks } from '../../db/tape/reader.ts'
import type { TapeRecord } from '../../market/tick.ts'

const BLOCK_BYTES = 1 << 20

/** Takes records as they pass. */
export class ContentHash {
  readonly #hash = createHash('sha256')
  #encoder = new RecordEncoder(0, 2 * BLOCK_BYTES)

  add(records: readonly TapeRecord[]): void {
    for (const record of records) {
      this.#encoder.append(record)
      if (this.#encoder.payloadBytes >= BLOCK_BYTES) this.#flush()
    }
  }

  digest(): string {
    this.#flush()
    return this.#hash.digest('hex')
  }

  #flush(): void {
    this.#hash.update(this.#encoder.bytes())
    this.#encoder = new RecordEncoder(0, 2 * BLOCK_BYTES)
  }
}

/** @throws FeedError when the file is damaged or cut */
export async function hashOfTape(path: string, refuseTorn: (bytes: number) => never): Promise<string> {
  const hash = createHash('sha256')
  let torn: number | undefined
  for await (const { payload } of readBlocks(path, { onTorn: ({ bytes }) => (torn = bytes), reusesMemory: true })) hash.update(payload)
  if (torn !== undefined) refuseTorn(torn)
  return hash.digest('hex')
}
