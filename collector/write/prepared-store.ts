/** A store whose database is made ready before the first batch, and again after that failed, until it succeeds. */

import type { WriterOptions } from './writer.ts'

export function preparedStore(prepare: () => Promise<void>, store: WriterOptions['store']): WriterOptions['store'] {
  let ready: Promise<void> | undefined
  return async (batch, contractOf) => {
    ready ??= prepare().catch((error: unknown) => {
      ready = undefined
      throw error
    })
    await ready
    return store(batch, contractOf)
  }
}
