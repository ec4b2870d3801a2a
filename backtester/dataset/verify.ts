/** Whether a dataset still is what was frozen: its files, and where asked what it came from. */

import { FeedError } from '../../market/errors.ts'
import { hashOfBytes, hashOfFile, encodeBars } from './bars-file.ts'
import { hashOfTape } from './content-hash.ts'
import { splitsBetween } from './database-parts.ts'
import { type Dataset, datasetHash } from './dataset.ts'
import type { DatasetFolder } from './folder.ts'
import { originBars, originHash, urlOf } from './source.ts'

export interface DatasetVerdict {
  name: string
  hash: string
  ok: boolean
  /** What differs, one sentence each. */
  problems: readonly string[]
  /** Whether the database or the tape was read too. */
  origin: boolean
}

/** @param origin its database, where that is to be read too; the address is not needed for a tape */
export async function verifyDataset(
  folder: DatasetFolder,
  dataset: Dataset,
  origin?: { url: string | undefined },
): Promise<DatasetVerdict> {
  const { name, hash } = dataset
  const problems = datasetHash(dataset) === hash ? [] : ['dataset.json was changed: it does not have the hash that it names.']
  const check = async (what: string, wanted: string, found: () => Promise<string>) => {
    try {
      if ((await found()) !== wanted) problems.push(`${what} does not hold what was frozen.`)
    } catch (error) {
      if (!(error instanceof FeedError)) throw error
      problems.push(error.message)
    }
  }
  for (const part of dataset.parts) {
    const path = folder.pathOf(dataset, part.file)
    await check(part.file, part.hash, () => hashOfTape(path, () => refuse(path)))
    if (origin) await check(`${placeOf(dataset)}, session ${part.sessionId},`, part.hash, () => originHash(dataset, part, origin.url))
  }
  const { bars } = dataset
  if (!bars && origin && dataset.origin.kind === 'database') {
    const found = async () => listed(await splitsBetween(urlOf(origin), dataset))
    await check(`${placeOf(dataset)}, splits,`, listed(dataset.actions), found)
  }
  if (bars) {
    await check(bars.file, bars.hash, () => hashOfFile(folder.pathOf(dataset, bars.file)))
    if (origin) {
      const found = originBars(dataset, origin.url)
      await check(`${placeOf(dataset)}, bars,`, bars.hash, async () => hashOfBytes(encodeBars((await found).bars)))
      await check(`${placeOf(dataset)}, splits and dividends,`, listed(dataset.actions), async () => listed((await found).actions))
    }
  }
  return { name, hash, ok: problems.length === 0, problems, origin: origin !== undefined }
}

function listed(actions: Dataset['actions']): string {
  return JSON.stringify(actions ?? [])
}

function placeOf({ origin }: Dataset): string {
  return origin.kind === 'tape' ? origin.path : 'The database'
}

function refuse(path: string): never {
  throw new FeedError(`${path} is cut: what was behind is missing.`, { code: 'dataset-damaged' })
}
