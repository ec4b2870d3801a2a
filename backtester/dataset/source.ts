/** Reads a dataset: from its own files, or anew from where it came from. Both give the same. */

import { mergeSessions } from '../../db/read/merge-sessions.ts'
import { tapeSource } from '../../db/tape/tape-source.ts'
import type { RecordChunk, RecordSource } from '../../market/record-source.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { ContentHash } from './content-hash.ts'
import { type BarsFound, readDatabaseBars } from './database-bars.ts'
import { findParts, recordsOfSession } from './database-parts.ts'
import type { Dataset, DatasetPart } from './dataset.ts'
import { recordsOfTape } from './tape-part.ts'

/** Where it is read. */
export type DatasetPlace = { kind: 'files'; pathOf: (file: string) => string } | { kind: 'origin'; url: string | undefined }

/** The records of a dataset of ticks; without any of one of bars. */
export function recordsOf(dataset: Dataset, place: DatasetPlace): RecordSource {
  return { name: `dataset ${dataset.name}`, records: () => mergedRecords(dataset, place) }
}

async function* mergedRecords(dataset: Dataset, place: DatasetPlace): AsyncGenerator<RecordChunk> {
  const open = await opener(dataset, place)
  yield* mergeSessions(
    dataset.parts.map((part) => ({ sessionId: part.sessionId, firstTsUs: part.firstTsUs, open: async () => open(part) })),
  )
}

type OpenPart = (part: DatasetPart) => AsyncIterable<TapeRecord[]>

async function opener(dataset: Dataset, place: DatasetPlace): Promise<OpenPart> {
  if (place.kind === 'files') return ({ file }) => recordsIn(tapeSource(place.pathOf(file)).records())
  const { origin } = dataset
  if (origin.kind === 'tape') return () => recordsIn(recordsOfTape(origin.path, dataset))
  const url = urlOf(place)
  const sessionIds = dataset.parts.map(({ sessionId }) => sessionId)
  const found = await findParts(url, dataset, sessionIds)
  return ({ sessionId }) => recordsOfSession(url, sessionId, dataset, found)
}

async function* recordsIn(chunks: AsyncIterable<RecordChunk>): AsyncGenerator<TapeRecord[]> {
  for await (const { records } of chunks) yield records
}

/** A dataset of bars, read anew from the database. */
export async function originBars(dataset: Dataset, url: string | undefined): Promise<BarsFound> {
  const { symbols, fromUs, toUs, barSeconds = 0, prices, asOf = '' } = dataset
  return readDatabaseBars(urlOf({ url }), { symbols, fromUs, toUs, barSeconds, prices, asOf })
}

/** The hash of a part, read anew from where it came from. */
export async function originHash(dataset: Dataset, part: DatasetPart, url: string | undefined): Promise<string> {
  const hash = new ContentHash()
  const open = await opener(dataset, { kind: 'origin', url })
  for await (const records of open(part)) hash.add(records)
  return hash.digest()
}

export function urlOf({ url }: { url: string | undefined }): string {
  if (url === undefined) throw new Error('a dataset of the database is read without its address')
  return url
}
