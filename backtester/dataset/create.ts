/** Freezes a range of what was recorded as a dataset: the entry behind `tapedeck dataset create`. */

import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import { writeTape } from '../../db/tape/writer.ts'
import type { Contract } from '../../market/contract.ts'
import { FeedError, TapedeckError } from '../../market/errors.ts'
import { isTick, type TapeRecord } from '../../market/tick.ts'
import type { DatasetGap } from '../run/result.ts'
import { encodeBars, hashOfBytes } from './bars-file.ts'
import { ContentHash } from './content-hash.ts'
import { readDatabaseBars } from './database-bars.ts'
import { findParts, recordsOfSession, splitsBetween } from './database-parts.ts'
import { type Dataset, type DatasetDefinition, type DatasetPart, datasetHash } from './dataset.ts'
import type { DatasetFolder } from './folder.ts'
import { recordsOfTape, type TapePart } from './tape-part.ts'

export interface CreateOptions {
  folder: DatasetFolder
  name: string
  /** ISO 8601, UTC. */
  createdAt: string
  onProgress?: ((ticks: number) => void) | undefined
  signal: AbortSignal
}

type Content = Omit<Dataset, 'format' | 'name' | 'hash' | 'createdAt'>

const BARS_FILE = 'bars.columns'

/**
 * A range of recorded ticks.
 *
 * @param liveOnly without ticks that were not recorded but asked for later
 *
 * @throws FeedError `dataset-empty` when nothing was recorded then; what a `DatasetFolder` throws
 */
export async function freezeTicks(
  url: string,
  { liveOnly, ...definition }: Omit<DatasetDefinition, 'origin'> & { liveOnly?: boolean | undefined },
  options: CreateOptions,
): Promise<Dataset> {
  return create(options, async (folder) => {
    const found = await findParts(url, { ...definition, liveOnly })
    const { sessionIds, gaps, warnings } = found
    const kept = new Kept(options)
    const parts: DatasetPart[] = []
    for (const sessionId of sessionIds) {
      const part = await kept.write(folder, sessionId, recordsOfSession(url, sessionId, definition, found))
      if (part) parts.push(part)
    }
    parts.sort((one, other) => one.firstTsUs - other.firstTsUs || one.sessionId - other.sessionId)
    const { instruments } = kept
    const actions = await splitsBetween(url, { ...definition, instruments })
    return {
      ...definition,
      origin: { kind: 'database' },
      parts,
      ...(actions.length > 0 && { actions }),
      instruments,
      gaps,
      warnings: [...warnings, ...kept.warnings],
    }
  })
}

/** A tape file, or a part of it. */
export async function freezeTape(path: string, wanted: TapePart, options: CreateOptions): Promise<Dataset> {
  return create(options, async (folder) => {
    const kept = new Kept(options)
    let sessionId = 0
    const records = async function* () {
      for await (const chunk of recordsOfTape(path, wanted)) {
        sessionId = chunk.sessionId
        yield chunk.records
      }
    }
    const part = await kept.write(folder, 0, records())
    const { firstTsUs, lastTsUs } = kept
    if (!part || firstTsUs === undefined || lastTsUs === undefined)
      throw new FeedError(`Tape ${path} has no tick in that range of those symbols. Ask for another one: tapedeck tape info ${path}`, {
        code: 'dataset-empty',
      })
    return {
      origin: { kind: 'tape', path: resolve(path) },
      fromUs: wanted.fromUs ?? firstTsUs,
      toUs: wanted.toUs ?? lastTsUs + 1,
      symbols: wanted.symbols ?? kept.symbols,
      parts: [{ ...part, sessionId }],
      instruments: kept.instruments,
      gaps: kept.gaps,
      warnings: kept.warnings,
    }
  })
}

/** Bars of a range of days. */
export async function freezeBars(
  url: string,
  definition: Omit<DatasetDefinition, 'origin'> & { barSeconds: number; asOf: string },
  options: CreateOptions,
): Promise<Dataset> {
  return create(options, async (folder) => {
    const { bars, actions, instruments, gaps, warnings } = await readDatabaseBars(url, definition)
    const bytes = encodeBars(bars)
    await writeFile(join(folder, BARS_FILE), bytes)
    return {
      ...definition,
      origin: { kind: 'database' },
      parts: [],
      bars: { file: BARS_FILE, bars: bars.length, hash: hashOfBytes(bytes) },
      ...(actions && { actions }),
      instruments,
      gaps,
      warnings,
    }
  })
}

function create({ folder, name, createdAt }: CreateOptions, fill: (folder: string) => Promise<Content>): Promise<Dataset> {
  return folder.create(name, async (partial) => {
    const content = await fill(partial)
    return { format: 1, name, hash: datasetHash(content), createdAt, ...content }
  })
}

/** What was kept of all sessions so far. */
class Kept {
  readonly #options: CreateOptions
  readonly #contracts = new Map<number, Contract>()
  readonly #known = new Set<number>()
  readonly gaps: DatasetGap[] = []
  firstTsUs: number | undefined
  lastTsUs: number | undefined
  #ticks = 0
  #quarantined = 0

  constructor(options: CreateOptions) {
    this.#options = options
  }

  /** By number. */
  get instruments(): { instrument: number; contract: Contract }[] {
    return [...this.#contracts].sort(([one], [other]) => one - other).map(([instrument, contract]) => ({ instrument, contract }))
  }

  get symbols(): string[] {
    return [...new Set([...this.#contracts.values()].map(({ symbol }) => symbol))].sort()
  }

  get warnings(): string[] {
    const silent = this.#contracts.size - [...this.#contracts.keys()].filter((instrument) => this.#known.has(instrument)).length
    return [
      ...(silent > 0 ? [`${silent} of ${this.#contracts.size} instruments have no tick in the range.`] : []),
      ...(this.#quarantined > 0
        ? [`${this.#quarantined} ticks were quarantined by rules: they are in the dataset, and nothing trades at their prices.`]
        : []),
    ]
  }

  /** Writes what a session gives to a file of its own. Undefined where it has no tick. */
  async write(folder: string, sessionId: number, records: AsyncIterable<TapeRecord[]>): Promise<DatasetPart | undefined> {
    const hash = new ContentHash()
    const before = this.#ticks
    let firstTsUs: number | undefined
    const file = `session-${sessionId}.tape`
    const { signal, onProgress } = this.#options
    const passing = async function* (this: Kept) {
      for await (const chunk of records) {
        if (signal.aborted)
          throw new TapedeckError('The dataset was stopped before its end; nothing of it is kept.', { code: 'export-stopped' })
        for (const record of chunk) this.#take(record)
        firstTsUs ??= chunk[0]?.tsUs
        hash.add(chunk)
        onProgress?.(this.#ticks)
        yield chunk
      }
    }
    const written = await writeTape(join(folder, file), { source: 'import', description: 'part of a dataset' }, passing.call(this))
    const ticks = this.#ticks - before
    return ticks === 0 ? undefined : { sessionId, file, records: written, ticks, firstTsUs: firstTsUs ?? 0, hash: hash.digest() }
  }

  #take(record: TapeRecord): void {
    if (record.kind === 'contract') this.#contracts.set(record.instrument, record.contract)
    else if (record.kind === 'gap') {
      const { fromTsUs, toTsUs, cause, instrument } = record
      this.gaps.push({ fromTsUs, toTsUs, cause, ...(instrument !== undefined && { instrument }) })
    } else if (isTick(record)) {
      this.#ticks++
      this.#known.add(record.instrument)
      this.firstTsUs ??= record.tsUs
      this.lastTsUs = record.tsUs
      if (record.verdict?.disposition === 'quarantine') this.#quarantined++
    }
  }
}
