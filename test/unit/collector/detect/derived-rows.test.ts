import { setImmediate } from 'node:timers/promises'

import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'

import { DerivedRows } from '../../../../collector/detect/derived-rows.ts'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { WriteError } from '../../../../market/errors.ts'
import { PATIENTLY } from '../../../support/waiting.ts'

const away = () => new WriteError('connection refused', { code: 'away', retryable: true })
const refused = () => new WriteError('no such column', { code: 'refused' })

/** A table that takes nothing while it has a fault. */
function rig(limit?: number) {
  const table = { rows: [] as number[], attempts: 0, fault: undefined as (() => Error) | undefined }
  const lines: { level: number; msg: string }[] = []
  const giveUp = new AbortController()
  const rows = new DerivedRows<number>({
    name: 'opportunities',
    store: (batch) => {
      table.attempts++
      if (table.fault) return Promise.reject(table.fault())
      table.rows.push(...batch)
      return Promise.resolve()
    },
    events: createEvents(pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) }), createCounts()),
    giveUp: giveUp.signal,
    limit,
    firstRetryMs: 1,
  })
  return { rows, table, lines, giveUp }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('derived rows', () => {
  it('are not for a database that was never ready', async () => {
    const { rows, table, lines, giveUp } = rig()
    for (const row of numbers(1, 1200)) rows.add(row)
    const finished = rows.finish()
    giveUp.abort()
    await finished
    expect([table.attempts, rows.leftOut]).toEqual([0, 1200])
    expect(lines).toMatchObject([{ level: 40, what: 'opportunities', rows: 1200 }])
  })

  it('are waited for at the end until the database is ready', async () => {
    const { rows, table, lines } = rig()
    rows.add(1)
    const finished = rows.finish()
    await setImmediate()
    rows.prepared()
    await finished
    expect([table.rows, rows.stored, rows.leftOut, lines]).toEqual([[1], 1, 0, []])
  })

  it('are stored in their order, many at a time', async () => {
    const { rows, table, lines } = rig()
    for (const row of numbers(1, 1200)) rows.add(row)
    rows.prepared()
    rows.add(1201)
    await rows.finish()
    rows.add(1202)
    await rows.finish()
    expect(table).toMatchObject({ rows: numbers(1, 1202), attempts: 4 })
    expect([rows.stored, rows.leftOut, lines]).toEqual([1202, 0, []])
  })

  it('wait while the database is away, which is said once, and lose nothing', async () => {
    const { rows, table, lines } = rig()
    table.fault = away
    rows.prepared()
    for (const row of numbers(1, 3)) rows.add(row)
    await vi.waitFor(() => expect(table.attempts).toBeGreaterThan(3), PATIENTLY)
    rows.add(4)
    table.fault = undefined
    await rows.finish()
    expect(table.rows).toEqual([1, 2, 3, 4])
    expect(lines).toMatchObject([
      { level: 40, waits: true, what: 'opportunities' },
      { level: 30, msg: 'what the detectors find can be stored again' },
    ])
  })

  it('leave, the oldest first, when too many wait', async () => {
    const { rows, table } = rig(5)
    table.fault = away
    rows.prepared()
    for (const row of numbers(1, 20)) rows.add(row)
    await vi.waitFor(() => expect(table.attempts).toBeGreaterThan(1), PATIENTLY)
    table.fault = undefined
    await rows.finish()
    expect([table.rows, rows.leftOut]).toEqual([numbers(16, 20), 15])
  })

  it('are left out when the database refuses them for good, and those that follow are not', async () => {
    const { rows, table, lines } = rig()
    table.fault = refused
    rows.prepared()
    rows.add(1)
    await rows.finish()
    table.fault = undefined
    rows.add(2)
    await rows.finish()
    expect([table.rows, rows.leftOut]).toEqual([[2], 1])
    expect(lines[0]).toMatchObject({ level: 40, waits: false })
  })

  it('are not waited for once it is time to give up', async () => {
    const { rows, table, lines, giveUp } = rig()
    table.fault = away
    rows.prepared()
    rows.add(1)
    const finished = rows.finish()
    giveUp.abort()
    await finished
    await vi.waitFor(() => expect([table.rows, rows.leftOut]).toEqual([[], 1]), PATIENTLY)
    expect(lines.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('not in the database'))
  })
})
