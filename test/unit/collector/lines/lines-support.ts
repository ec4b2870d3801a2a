/** A registry of lines with a noted log, on fake timers: what it asks for and what it reports, in order. */

import { afterEach, beforeEach, expect, vi } from 'vitest'
import type { LineDelays } from '../../../../collector/lines/ask-again.ts'
import type { WantedLine } from '../../../../collector/lines/line.ts'
import type { LineOpener } from '../../../../collector/lines/queue.ts'
import { LineRegistry } from '../../../../collector/lines/registry.ts'
import type { Contract } from '../../../../market/contract.ts'

const contractOf = (instrument: number): Contract => ({ kind: 'stock', symbol: `S${instrument}`, currency: 'USD' })
export const lines = (...instruments: number[]): WantedLine[] =>
  instruments.map((instrument) => ({ instrument, contract: contractOf(instrument) }))
export const trades = (instrument: number): WantedLine => ({
  instrument,
  contract: contractOf(instrument),
  feed: 'tick-by-tick-trades',
})
const nameOf = ({ contract, feed }: WantedLine) => (feed ? `${contract.symbol} tick-by-tick` : contract.symbol)

export function fakeTimers(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })
}

/** A link that counts its request ids from `firstReqId`, and notes what is asked of it. */
export function openerFrom(firstReqId: number, log: string[], send: () => Promise<void> = () => Promise.resolve()): LineOpener {
  let reqId = firstReqId
  return {
    newReqId: () => reqId++,
    open(reqId, line, plain) {
      log.push(`ask ${reqId} ${nameOf(line)}${plain ? ' plain' : ''}`)
      return send()
    },
    close(reqId, line) {
      log.push(`cancel ${reqId} ${nameOf(line)}`)
      return send()
    },
  }
}

export function watched(delays: Partial<LineDelays> = {}) {
  const log: string[] = []
  const known = new Set<number>()
  const settled: number[] = []
  /** Ids whose next data is to be reported. */
  const watches: number[] = []
  /** Set by the test; closings of doubted lines refer to it. */
  const market = { nowUs: 0 }
  const registry: LineRegistry = new LineRegistry({
    onRequested: (reqId) => void known.add(reqId),
    onWatched: (reqId) => {
      expect(known).toContain(reqId)
      watches.push(reqId)
    },
    onReleased: (reqId) => void known.delete(reqId),
    onOpened: (line) => log.push(`opened ${nameOf(line)}`),
    onClosed: (line, cause, untilUs) => log.push(`closed ${nameOf(line)}: ${cause}${untilUs === undefined ? '' : ` until ${untilUs}`}`),
    onRefused: (line, error, isRepeated) =>
      log.push(`refused ${nameOf(line)} ${error ? `${error.code} ${error.text}` : 'delayed'}${isRepeated ? ' again' : ''}`),
    onUnwanted: () => undefined,
    onLimit: (lines, waiting) => log.push(`limit ${lines}, ${waiting} waiting`),
    onPaused: (code, text) => log.push(`paused ${code} ${text}`),
    onResumed: () => log.push('resumed'),
    onSettled: () => settled.push(registry.marketData.open),
    nowUs: () => market.nowUs,
    delays,
  })
  /** What happened since the last call, once everything that can be sent is. */
  const seen = async () => {
    await vi.advanceTimersByTimeAsync(0)
    return log.splice(0)
  }
  const link = (firstReqId: number) => registry.linkUp(openerFrom(firstReqId, log))
  /** So much time, and what it brought. */
  const after = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms)
    return log.splice(0)
  }
  return { registry, market, log, known, watches, settled, seen, link, after }
}

/** A link with these lines open, under request ids from 100 on. */
export async function opened(...instruments: number[]) {
  const all = watched()
  all.link(100)
  all.registry.want(lines(...instruments))
  await all.seen()
  for (const i of instruments.keys()) all.registry.accepted(100 + i)
  await all.seen()
  return all
}
