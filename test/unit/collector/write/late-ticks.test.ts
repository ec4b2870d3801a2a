import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'

import type { JournalBatch } from '../../../../collector/journal/batch.ts'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { LateTicks } from '../../../../collector/write/late-ticks.ts'
import type { TimeWindow } from '../../../../collector/write/time-windows.ts'
import { WriteError } from '../../../../market/errors.ts'
import { PATIENTLY } from '../../../support/waiting.ts'

const DAY_US = 86_400_000_000
const NEVER = new Promise<never>(() => undefined)
/** On whole microseconds, long before the test and long after it began to be true. */
const daysAgo = (days: number) => Date.now() * 1000 - days * DAY_US

function rig({ quietMs = 1, pieces = 12 }: { quietMs?: number; pieces?: number } = {}) {
  const database = { computed: [] as TimeWindow[][], fault: undefined as Error | undefined, attempts: 0 }
  const lines: { level: number; msg: string }[] = []
  const giveUp = new AbortController()
  const lateTicks = new LateTicks({
    refresh: (windows) => {
      database.attempts++
      if (database.fault) return Promise.reject(database.fault)
      database.computed.push([...windows])
      return Promise.resolve(pieces)
    },
    policiesReachUs: 6 * DAY_US,
    events: createEvents(pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) }), createCounts()),
    giveUp: giveUp.signal,
    quietMs,
  })
  return { lateTicks, database, lines, giveUp }
}

/** @param isRecovered found in the journal at the start */
function batch(fromUs: number, toUs: number, isRecovered = false): JournalBatch {
  const segment = { path: 'a', bytes: 0, uncommitted: 1, closed: false }
  const content = { records: 1, ticks: 5, firstSeq: 1 }
  const middleUs = (fromUs + toUs) / 2
  return {
    sessionId: 1,
    batchNo: 1,
    ticks: 10,
    blocks: [
      { segment, offset: 0, bytes: 56, ...content, firstTsUs: fromUs, lastTsUs: middleUs },
      { segment, offset: 56, bytes: 56, ...content, firstTsUs: middleUs, lastTsUs: toUs },
    ],
    ...(!isRecovered && { openedMs: 1 }),
  }
}

describe('late ticks', () => {
  it('are those of batches from the journal and of times behind the policies; others are computed by the server', async () => {
    const { lateTicks, database, lines } = rig()
    const [old, recent] = [daysAgo(30), daysAgo(0.1)]
    lateTicks.committed(batch(recent, recent + 1000))
    lateTicks.committed(batch(daysAgo(5), daysAgo(5) + 1000))
    await lateTicks.finish(Promise.resolve())
    expect(database.attempts).toBe(0)

    lateTicks.committed(batch(old, old + 1000))
    lateTicks.committed(batch(recent, recent + 1000, true))
    lateTicks.committed({ ...batch(daysAgo(20), daysAgo(19), true), ticks: 0 })
    await lateTicks.finish(Promise.resolve())
    expect(database.computed).toEqual([
      [
        { fromUs: old, toUs: old + 1000 },
        { fromUs: recent, toUs: recent + 1000 },
      ],
    ])
    expect(lines).toMatchObject([{ level: 30, windows: 2, pieces: 12 }])
  })

  it('are computed in one go when no more of them come for a while', async () => {
    const { lateTicks, database } = rig()
    const from = daysAgo(30)
    for (let i = 0; i < 20; i++) lateTicks.committed(batch(from + i * 1000, from + i * 1000 + 900))
    await vi.waitFor(() => expect(database.computed).toEqual([[{ fromUs: from, toUs: from + 19_900 }]]), PATIENTLY)
  })

  it('are computed at the end behind the last batch, without being waited for', async () => {
    const { lateTicks, database } = rig({ quietMs: 3_600_000 })
    let drained: (value?: unknown) => void = () => undefined
    const finished = lateTicks.finish(new Promise((resolve) => (drained = resolve)))
    const from = daysAgo(30)
    lateTicks.committed(batch(from, from + 1000))
    expect(database.attempts).toBe(0)
    drained()
    await finished
    expect(database.computed).toEqual([[{ fromUs: from, toUs: from + 1000 }]])
  })

  it('are tried again while the database is away, with those that came meanwhile, which is logged once', async () => {
    const { lateTicks, database, lines } = rig()
    const from = daysAgo(30)
    database.fault = new WriteError('connection refused', { code: 'away', retryable: true })
    lateTicks.committed(batch(from, from + 1000))
    await vi.waitFor(() => expect(database.attempts).toBeGreaterThan(3), PATIENTLY)
    lateTicks.committed(batch(from + 2 * DAY_US, from + 2 * DAY_US + 1000))
    database.fault = undefined
    await vi.waitFor(() => expect(database.computed.flat()).toHaveLength(2), PATIENTLY)
    expect(database.computed.flat()).toEqual([
      { fromUs: from, toUs: from + 1000 },
      { fromUs: from + 2 * DAY_US, toUs: from + 2 * DAY_US + 1000 },
    ])
    expect(lines.filter(({ level }) => level === 40)).toMatchObject([{ reason: 'connection refused', windows: 1 }])
  })

  it('that the database refuses to compute are left to `tapedeck db maintain`, or to its policies where they come to them', async () => {
    const { lateTicks, database, lines } = rig({ quietMs: 3_600_000 })
    database.fault = new WriteError('must be owner of view "bars_1m"', { code: 'bars-not-owned' })
    lateTicks.committed(batch(daysAgo(1), daysAgo(1) + 1000, true))
    await lateTicks.finish(Promise.resolve())
    expect(lines).toMatchObject([{ level: 30, msg: expect.stringContaining('policies of the server') }])

    const other = rig({ quietMs: 3_600_000 })
    other.database.fault = database.fault
    other.lateTicks.committed(batch(daysAgo(8), daysAgo(8) + 1000, true))
    await other.lateTicks.finish(Promise.resolve())
    await other.lateTicks.finish(Promise.resolve())
    expect(other.database.attempts).toBe(1)
    expect(other.lines).toMatchObject([{ level: 40, msg: expect.stringContaining('run `tapedeck db maintain`') }])
  })

  it('are not waited for when the end gives up, and what is left is named', async () => {
    const { lateTicks, giveUp, database, lines } = rig({ quietMs: 3_600_000 })
    lateTicks.committed(batch(daysAgo(8), daysAgo(8) + 1000))
    database.fault = new WriteError('Connection terminated', { code: 'away', retryable: true })
    const finished = lateTicks.finish(NEVER)
    giveUp.abort()
    await finished
    expect(lines).toMatchObject([{ level: 40, msg: expect.stringContaining('run `tapedeck db maintain`') }])
  })

  it('are not worth a line where no bars are stored', async () => {
    const { lateTicks, database, lines } = rig({ pieces: 0 })
    lateTicks.committed(batch(daysAgo(30), daysAgo(30) + 1000))
    await lateTicks.finish(Promise.resolve())
    expect([database.attempts, lines]).toEqual([1, []])
  })
})
