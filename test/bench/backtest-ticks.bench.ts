/**
 * Whole runs over the quotes of a dataset, from the opening of the run to the hash of its result, with a strategy that does nothing: from the
 * files of the dataset, against those files read in order; and from the database that it was frozen from, against the tape reader.
 */

import { rm } from 'node:fs/promises'

import { freezeTicks } from '../../backtester/dataset/create.ts'
import { DatasetFolder } from '../../backtester/dataset/folder.ts'
import { runStrategy } from '../../backtester/run/run.ts'
import { readRecords } from '../../db/tape/reader.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { temporaryDirectory } from '../support/process/recording.ts'
import { measure, timed } from './harness.ts'
import { requestOn } from './made-bars.ts'
import { countTicks, recorded, ROWS } from './recorded-quotes.ts'

const DAY = { fromUs: Date.UTC(2014, 5, 5) * 1000, toUs: Date.UTC(2014, 5, 6) * 1000 }

forEachEdition('a run', ({ name, createTapeDatabase }) => {
  let dataDir: string | undefined
  let url = ''
  let file = ''

  const freeze = async (): Promise<string> => {
    url = await recorded(createTapeDatabase)
    const directory = await temporaryDirectory()
    const folder = new DatasetFolder(directory)
    const definition = { origin: { kind: 'database' as const }, ...DAY, symbols: ['TWX'] }
    const dataset = await freezeTicks(url, definition, { folder, name: 'made', createdAt: '', signal: new AbortController().signal })
    file = folder.pathOf(dataset, dataset.parts[0]?.file ?? '')
    return directory
  }

  for (const isFromDatabase of [false, true])
    measure({
      title: `run over ${ROWS} quotes of a dataset, from ${isFromDatabase ? `the database, on ${name}` : 'its files'}`,
      unit: 'ticks/s',
      limit: isFromDatabase ? 'the tape reader' : 'the files read in order',
      round: async () => {
        dataDir ??= await freeze()
        const limit = await timed(() => (isFromDatabase ? countTicks(url) : countRecords(file)))
        const ours = await timed(() => oneRun(dataDir ?? '', isFromDatabase ? { url } : undefined))
        return { ours: ours.result / ours.seconds, limit: limit.result / limit.seconds }
      },
      cleanUp: async () => {
        if (isFromDatabase && dataDir) await rm(dataDir, { recursive: true })
      },
    })
})

/** Returns the number of ticks. */
async function oneRun(dataDir: string, fromOrigin: { url: string } | undefined): Promise<number> {
  const { input, ...rest } = requestOn(dataDir, 'buy-and-hold', {})
  if (input.kind !== 'dataset') throw new Error('expected a dataset')
  const {
    status,
    counts: { ticks },
  } = await runStrategy({ ...rest, input: { ...input, fromOrigin } })
  if (status !== 'complete' || ticks !== ROWS) throw new Error(`expected a run over all ticks: ${status}, ${ticks}`)
  return ticks
}

/** As records that anybody may keep. */
async function countRecords(path: string): Promise<number> {
  let records = 0
  for await (const block of readRecords(path)) records += block.length
  return records
}
