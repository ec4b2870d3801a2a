/** What a dataset is: a range of recorded ticks or of bars, as it stood when it was frozen, with a hash over all of it. */

import { createHash } from 'node:crypto'

import type { Contract } from '../../market/contract.ts'
import type { CorporateAction } from '../engine/actions.ts'
import type { DatasetGap } from '../run/result.ts'

export type DatasetOrigin = { kind: 'database' } | { kind: 'tape'; path: string }

/** What was asked for. */
export interface DatasetDefinition {
  origin: DatasetOrigin
  /** First moment of it, and the first one behind it, in microseconds since 1970 UTC. */
  fromUs: number
  toUs: number
  symbols: readonly string[]
  /** Seconds of a bar; absent: ticks. */
  barSeconds?: number | undefined
  /** Of imported bars: `raw` as they were traded; absent: adjusted for what had happened by `asOf`. */
  prices?: 'raw' | undefined
  /** Of bars: what was known of splits and dividends on this day, `YYYY-MM-DD`. */
  asOf?: string | undefined
}

/** What one session gives, in a file of its own. */
export interface DatasetPart {
  /** 0: of a tape that no collector recorded. */
  sessionId: number
  file: string
  records: number
  ticks: number
  /** Of its first record: a contract may be older than the range. */
  firstTsUs: number
  /** SHA-256 of its records, whatever file they are in. */
  hash: string
}

export interface DatasetBars {
  file: string
  bars: number
  hash: string
}

export interface Dataset extends DatasetDefinition {
  format: 1
  name: string
  /** SHA-256 of the definition, the parts, instruments and gaps. */
  hash: string
  /** Wall time, for people. ISO 8601, UTC. */
  createdAt: string
  /** In the order in which they begin; none where it holds bars. */
  parts: readonly DatasetPart[]
  bars?: DatasetBars | undefined
  /** Of bars whose prices are as traded: what a run has to apply. Absent: no price is, or nothing happened. */
  actions?: readonly CorporateAction[] | undefined
  instruments: readonly { instrument: number; contract: Contract }[]
  gaps: readonly DatasetGap[]
  warnings: readonly string[]
}

/** What is hashed. The name, the day on which it was frozen and where the tape lay are none of its content. */
export function datasetHash(dataset: Omit<Dataset, 'format' | 'name' | 'hash' | 'createdAt'>): string {
  const { origin, fromUs, toUs, symbols, barSeconds, prices, asOf, parts, bars, actions, instruments, gaps } = dataset
  const content = {
    origin: origin.kind,
    fromUs,
    toUs,
    symbols: symbols.toSorted(),
    barSeconds,
    prices,
    asOf,
    parts: parts.map(({ sessionId, hash }) => ({ sessionId, hash })),
    bars: bars?.hash,
    actions,
    instruments: instruments.map(({ instrument, contract }) => [instrument, contract]),
    // Hashes of datasets without repaired gaps are what they were.
    gaps: gaps.map(({ fromTsUs, toTsUs, cause, instrument, repaired }) =>
      repaired === undefined ? [fromTsUs, toTsUs, cause, instrument] : [fromTsUs, toTsUs, cause, instrument, repaired],
    ),
  }
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}

export const ticksOf = ({ parts }: Pick<Dataset, 'parts'>): number => parts.reduce((sum, { ticks }) => sum + ticks, 0)
