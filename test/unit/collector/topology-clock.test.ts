/** The rooms joined, while the system's clock is set: a new session follows, and what is known of lines is known in its time. */

import { expect, it, onTestFinished, vi } from 'vitest'
import { createWallClock } from '../../../collector/record/clock.ts'
import { PATIENTLY } from '../../support/waiting.ts'
import { acceptAll, collectorOn, tickAll } from './topology-support.ts'

const HOUR_MS = 3_600_000

it.each([-HOUR_MS, HOUR_MS])('a line in doubt is closed as of its proof, in the time of the session before (by %i ms)', async (byMs) => {
  const { tws, linesOpen, recorder, counts, topology, finish } = await collectorOn(createWallClock(), acceptAll, {
    lineDelays: { silentMs: 3000 },
  })
  const gateway = await tws(0)
  await linesOpen(2)
  tickAll(gateway)
  await vi.waitFor(() => expect(counts.received).toBe(4), PATIENTLY)
  const first = recorder.sessionId
  gateway.send(4, 2, -1, 1102, 'Connectivity between IB and Trader Workstation has been restored - data maintained.', '')
  await vi.waitFor(() => expect(topology.supply.lines.marketData.silent).toBe(2), PATIENTLY)
  const [{ provenUs = 0 } = {}] = topology.supply.lines.all
  const now = Date.now.bind(Date)
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs)
  onTestFinished(() => clock.mockRestore())
  await vi.waitFor(() => expect(recorder.sessionId).not.toBe(first), PATIENTLY)
  await vi.waitFor(() => expect(topology.supply.lines.marketData.open).toBe(2), PATIENTLY)
  const [before, after] = await finish()

  const events = after?.flatMap((record) => (record.kind === 'line' && record.instrument === 0 ? record : []))
  expect(events?.slice(0, 5)).toMatchObject([
    { event: 'opened' },
    { event: 'missing', cause: 'ib-1102', untilTsUs: provenUs },
    { event: 'missing', cause: 'config' },
    { event: 'closed', cause: 'ib-1102', untilTsUs: events?.[0]?.openedTsUs },
    { event: 'opened' },
  ])
  expect(events?.[2]?.untilTsUs).toBeGreaterThanOrEqual(before?.at(-1)?.tsUs ?? Number.NaN)
})
