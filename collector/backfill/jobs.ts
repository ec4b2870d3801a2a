/** What a backfill has to do, with what is known of the contract: a request for bars, or a part of the market's time in ticks. */

import { nyse } from '../../market/calendar/calendar.ts'
import { type Contract, describeContract } from '../../market/contract.ts'
import type { TicksOf } from '../ib/history/ticks.ts'
import type { PacedRequest } from './pacing.ts'
import { type BarsRequest, isPaced } from './plan.ts'
import type { TicksPart } from './plan-ticks.ts'
import { pacedTicks } from './ticks.ts'

interface Found {
  /** Of the database. */
  instrumentId: number
  /** As the gateway knows it. */
  found: Contract
}

export type BarsJob = BarsRequest & Found

export interface TicksJob extends TicksPart, Found {
  /** Requests that were answered. */
  requests: number
  /** Up to where all ticks are known. */
  reachedUs: number
}

export type Job = BarsJob | TicksJob

export function isTicks<Of extends BarsRequest | TicksPart>(job: Of): job is Extract<Of, TicksPart> {
  return 'what' in job
}

/** A request of an earlier run, for bars, or for ticks, those of gaps too (`seconds` is undefined). */
export function pacedBefore(
  request: { series: string; seconds: number | undefined; fromUs: number; toUs: number },
  id: number,
): PacedRequest {
  const { series, seconds, fromUs, toUs } = request
  return seconds === undefined ? pacedTicks(id, series as TicksOf, fromUs) : pacedBars({ series, seconds, fromUs, toUs }, id)
}

export function pacedBars(
  { series, seconds, fromUs, toUs }: Omit<BarsRequest, 'contract' | 'series'> & { series: string },
  id: number,
): PacedRequest {
  return {
    whole: `${id} ${series} ${seconds} ${fromUs} ${toUs}`,
    series: `${id} ${series}`,
    weight: isPaced(seconds) ? (series === 'bid-ask' ? 2 : 1) : 0,
  }
}

/** Of one request of it. */
export function weightOf(job: BarsRequest | TicksPart): number {
  return (isTicks(job) ? pacedTicks(0, job.what, 0) : pacedBars(job, 0)).weight
}

export function nameOf(job: BarsRequest | TicksPart): string {
  const dates = [job.fromUs, job.toUs - 1].map((us) => nyse.zone.dateOf(us))
  return `${isTicks(job) ? `${job.what} of ` : ''}${describeContract(job.contract)} ${[...new Set(dates)].join(' to ')}`
}

/**
 * How many requests are left of a job: of ticks as many as it took so far for the time that is done, or as other parts of their kind took.
 *
 * @param usual what a whole part takes; undefined: no part is known
 */
export function requestsLeft(job: Job, usual: number | undefined): number {
  if (!isTicks(job)) return 1
  const { fromUs, toUs, reachedUs, requests } = job
  const done = (reachedUs - fromUs) / (toUs - fromUs)
  const whole = requests > 0 && done > 0 ? requests / done : (usual ?? 1)
  return Math.max(1, Math.ceil(whole * (1 - done)))
}
