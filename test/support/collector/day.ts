/** A trading day of a collector in virtual time, with what is asked of it afterwards: its gaps and lines, in times of New York. */

import { expect, onTestFinished } from 'vitest'
import { type FeedGap, isTick, type LineEvent, type TapeRecord, type Tick } from '../../../market/tick.ts'
import { createMarket, type TradedContract } from '../gateway/simulated-market.ts'
import { unexpected } from '../unexpected.ts'
import { temporaryFolder } from '../../unit/collector/journal/journal-support.ts'
import { at, EARLIER_PRICE, collectorInVirtualTime, playMarket, type VirtualOptions } from './virtual-collector.ts'

export const DAY = '2024-11-05'

export interface DayOptions extends Pick<VirtualOptions, 'tickByTick' | 'stockSizes' | 'before'> {
  /** When the collector starts; 09:29:00 when absent. */
  start?: string
  /** Takes ticks of the market away. */
  trades?: (contract: TradedContract, clock: number) => boolean
}

/** So close that records of one moment lie no further apart. */
export const nearly = (tsUs: number) => expect.closeTo(tsUs, -3) as number

/** A clock time of the day, in microseconds since 1970. */
export const us = (clock: string) => at(DAY, clock) * 1000

export async function dayOf({ start = '09:29:00', trades = () => true, ...options }: DayOptions = {}) {
  const contracts = createMarket(DAY, DAY, 7)
  for (const contract of contracts) contract.ticksMs = contract.ticksMs.filter((ms) => trades(contract, ms))
  const collector = await collectorInVirtualTime({
    ...options,
    directory: await temporaryFolder(),
    startMs: at(DAY, start),
    contracts,
  })
  let isOver = false
  const finish = async () => {
    if (!isOver) await collector.finish()
    isOver = true
  }
  onTestFinished(finish)
  const records: TapeRecord[] = []
  collector.recorder.subscribe((record) => records.push(structuredClone(record)))
  playMarket(collector.time, contracts, collector.tws)
  collector.start()
  const named = (name: string) => contracts.find((contract) => contract.name === name) ?? unexpected(name)
  return {
    ...collector,
    records,
    stock: named('TWX'),
    index: named('SPX'),
    call: named('70 C'),
    /** An option that hardly anybody trades. */
    illiquid: named('75 P'),
    options: contracts.filter(({ farm }) => farm === 'usopt'),
    finish,
    until: (clock: string) => collector.time.advanceTo(at(DAY, clock)),
    /** The last tick of some contracts ahead of a time, or the first behind it. */
    tickBefore: (clock: string, of: readonly TradedContract[] = contracts) =>
      Math.max(...of.flatMap(({ ticksMs }) => ticksMs.filter((ms) => ms < at(DAY, clock)))) * 1000,
    tickAfter: (clock: string, { ticksMs }: TradedContract) => Math.min(...ticksMs.filter((ms) => ms > at(DAY, clock))) * 1000,
    gaps: () => records.filter((record): record is FeedGap => record.kind === 'gap'),
    /** Lines that were closed before the end, or are missing once they were open. */
    losses: () =>
      records
        .filter((record): record is LineEvent => record.kind === 'line' && record.event !== 'opened')
        .filter(({ cause }) => !['test', 'config', 'not-found-yet', 'not-open-yet'].includes(cause ?? '')),
    /** Names of the contracts whose lines were asked for, from the n-th request on. */
    askedFrom: (n: number) =>
      collector.tws.asked
        .slice(n)
        .map(({ contract }) => (contract as TradedContract).name)
        .sort(),
    /** Without what stood before the day. */
    ticksOf: ({ conId }: TradedContract): Tick[] =>
      records
        .filter(isTick)
        .filter(
          (tick) =>
            collector.recorder.contractOf(tick.instrument)?.conId === conId && !(tick.kind === 'quote' && tick.bidPrice === EARLIER_PRICE),
        ),
    /** Warnings and errors. */
    warnings: () => collector.logged.filter((line) => Number(line['level']) >= 40),
  }
}
