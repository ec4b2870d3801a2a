/** Recorders with a journal in a folder of their own, and what they have put on their tapes. */

import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished } from 'vitest'
import { type CollectorClock, createGatewayClock, type GatewayClock } from '../../../../collector/record/clock.ts'
import type { JournalBound } from '../../../../collector/journal/bound.ts'
import { Journal } from '../../../../collector/journal/journal.ts'
import { type Judge, Recorder } from '../../../../collector/record/recorder.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { GapLedger } from '../../../../collector/gaps/ledger.ts'
import { createTickRecorder, type TickRecorder } from '../../../../collector/record/record-tick.ts'
import { Sessions } from '../../../../collector/record/sessions.ts'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { verifyTape } from '../../../../db/tape/inspect.ts'
import type { Quote, TapeRecord } from '../../../../market/tick.ts'
import { segmentRecords, segmentsIn, temporaryFolder } from '../journal/journal-support.ts'
import { unbounded } from '../../../support/tape/unbounded.ts'
import { unexpected } from '../../../support/unexpected.ts'

export const START_US = 1401975060_000_000
export const STOCK = { kind: 'stock', symbol: 'TWX', currency: 'USD', conId: 4321 } as const
export const OTHER = { kind: 'stock', symbol: 'FOXA', currency: 'USD' } as const

interface Watched<C extends CollectorClock> {
  recorder: Recorder
  ledger: GapLedger
  ticks: TickRecorder
  sessions: Sessions
  clock: C
  counts: ReturnType<typeof createCounts>
  /** Records of every session so far, in the order of the sessions, without absent fields. */
  tapes: () => Promise<Record<string, unknown>[][]>
  sessionIds: number[]
  bound: JournalBound
  /** What the events said of drops. */
  drops: string[]
}

export async function recorderOn<C extends CollectorClock>(
  clock: C,
  judge: Judge['judge'] = () => undefined,
  onSubscriberError: (error: unknown) => void = unexpected,
): Promise<Watched<C>> {
  const directory = await temporaryFolder()
  const counts = createCounts()
  const bound = unbounded()
  const drops: string[] = []
  const sessionIds: number[] = []
  const recorder = new Recorder({
    clock,
    counts,
    judge: { judge, take: () => undefined },
    openJournal(sessionId) {
      sessionIds.push(sessionId)
      return new Journal({
        batchRows: 1000,
        batchMs: 100,
        fsyncMs: 50,
        segmentBytes: 1 << 26,
        directory,
        sessionId,
        bound,
        onBatch: () => undefined,
        onSegmentClosed: () => undefined,
        onSync: () => undefined,
        onError: unexpected,
      })
    },
    detail: { version: '1.2.3' },
    config: { rules: { maxSpreadPercent: 50 } },
    onSubscriberError,
  })
  const events = createEvents(pino({ level: 'silent' }), counts)
  events.on('ticksDropping', ({ reason }) => drops.push(reason))
  events.on('ticksDropped', ({ cause, droppedTicks, named }) => drops.push(`${cause}: ${droppedTicks}${named ? '' : ', not named'}`))
  const ledger = new GapLedger(recorder, events)
  const ticks = createTickRecorder(recorder, ledger, clock)
  const sessions = new Sessions({ clock, recorder, ledger, events, onBegun: () => undefined, onBroken: unexpected })
  onTestFinished(() => sessions.end('test'))
  const tapes = async () => {
    const names = await segmentsIn(directory)
    const read: Record<string, unknown>[][] = []
    for (const sessionId of sessionIds) {
      const records = new Map<number, TapeRecord>()
      for (const name of names.filter((name) => name.startsWith(`${sessionId}-`))) {
        expect(await verifyTape(join(directory, name))).toMatchObject({ problems: [] })
        // A segment repeats what holds from the one before.
        for (const record of await segmentRecords(join(directory, name))) records.set(record.seq, record)
      }
      read.push([...records.values()].map(present))
    }
    return read
  }
  return { recorder, ledger, ticks, sessions, clock, counts, tapes, sessionIds, bound, drops }
}

export async function onGatewayTime(judge?: Judge['judge'], onSubscriberError?: (error: unknown) => void): Promise<Watched<GatewayClock>> {
  const clock = createGatewayClock()
  clock.publish(START_US)
  return recorderOn(clock, judge, onSubscriberError)
}

/** Ends the session and begins the next one, whose lines are the same. */
export function rotate(recorder: Recorder, cause: string): Promise<void> {
  const ended = recorder.end(cause, { keepLines: true })
  recorder.begin()
  return ended
}

export function present(record: TapeRecord): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
}

export const quote = (bidPrice: number, instrument = 0): Quote => ({ kind: 'quote', seq: 0, tsUs: 0, instrument, bidPrice })
