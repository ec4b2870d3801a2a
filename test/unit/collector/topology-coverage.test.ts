/** The rooms joined: what is recorded of lines that are wanted and have no data, from a scripted TWS to the journal. */

import { describe, expect, it, vi } from 'vitest'
import { createWallClock } from '../../../collector/record/clock.ts'
import { greet } from '../../support/gateway/scripted-tws.ts'
import { PATIENTLY } from '../../support/waiting.ts'
import { acceptAll, collectorOn, reqIdsOf, type Script, tickAll } from './topology-support.ts'

const RESTORED = 'Connectivity between IB and Trader Workstation has been restored - data maintained.'

describe('a gateway that does not answer from the start on', () => {
  it('leaves a gap from when recording was asked for until there is data', async () => {
    const later: Script = (gateway, index) => (index === 0 ? gateway.socket.destroy() : acceptAll(gateway, index))
    const { finish, tws, linesOpen, counts, ledger } = await collectorOn(createWallClock(), later, { startedMs: performance.now() - 2000 })
    await vi.waitFor(() => expect(ledger.open).toHaveLength(1), PATIENTLY)
    const second = await tws(1)
    await linesOpen(2)
    expect(counts.gaps).toBe(0)
    tickAll(second)
    await vi.waitFor(() => expect(counts.gaps).toBe(1), PATIENTLY)
    const [records] = await finish()

    const [gap] = records?.filter((record) => record.kind === 'gap') ?? []
    expect(gap?.fromTsUs).toBeLessThanOrEqual((records?.[0]?.tsUs ?? 0) - 2_000_000)
    const lines = records?.filter((record) => record.kind === 'line' && record.event === 'missing')
    expect(lines).toMatchObject([0, 1].map((instrument) => ({ instrument, cause: 'not-open-yet', untilTsUs: gap?.fromTsUs })))
    // A busy machine reads them in several goes.
    expect(records?.filter(({ kind }) => kind === 'quote').map(({ tsUs }) => tsUs)).toContain(gap?.toTsUs)
  })
})

describe('a line that is refused in an outage (354)', () => {
  it('is missing on the tape from when it was wanted, and asked for again when IB is back', async () => {
    const refusesOne: Script = async (gateway) => {
      await greet(gateway)
      const [, , one = ''] = await gateway.request(1)
      const [, , two = ''] = await gateway.request(1)
      gateway.send(4, 2, one, 354, 'Requested market data is not subscribed.', '')
      gateway.send(58, 1, two, 1)
      gateway.send(1, 6, two, 1, 35.1, 8, 1)
      gateway.send(58, 1, (await gateway.request(1))[2] ?? '', 1)
    }
    const { finish, tws, linesOpen, recorder, topology } = await collectorOn(createWallClock(), refusesOne)
    const gateway = await tws(0)
    await linesOpen(1)
    await vi.waitFor(() => expect([...recorder.missing]).toMatchObject([{ instrument: 0, cause: 'refused: 354' }]), PATIENTLY)
    // One that was asked for just now is given the time to answer.
    const { lines } = topology.supply
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 6000)
    gateway.send(4, 2, -1, 1102, RESTORED, '')
    await vi.waitFor(() => expect(reqIdsOf(gateway)).toHaveLength(3), PATIENTLY)
    vi.restoreAllMocks()
    await linesOpen(2)
    expect(lines.marketData).toMatchObject({ refused: 0 })
    expect([...recorder.missing]).toEqual([])
    const [records] = await finish()

    const ofLine = records?.filter((record) => record.kind === 'line' && record.instrument === 0)
    expect(ofLine).toMatchObject([
      { event: 'missing', cause: 'not-open-yet', untilTsUs: expect.any(Number) },
      { event: 'missing', cause: 'refused: 354' },
      { event: 'opened' },
      { event: 'closed' },
    ])
    const [missing] = ofLine ?? []
    expect(missing?.kind === 'line' && missing.untilTsUs).toBeLessThanOrEqual(records?.[0]?.tsUs ?? 0)
  })
})

describe('a farm that a restored link does not list', () => {
  it('is broken, and its lines have data when theirs comes', async () => {
    const { finish, tws, linesOpen, counts, ledger } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    tickAll(gateway)
    await vi.waitFor(() => expect(counts.received).toBe(4), PATIENTLY)
    gateway.send(4, 2, -1, 1102, `${RESTORED} The following farms are connected: usopt. The following farms are not connected: usfarm.`, '')
    await vi.waitFor(() => expect(ledger.open).toMatchObject([{ cause: 'farm-broken: usfarm' }]), PATIENTLY)
    gateway.send(4, 2, -1, 2104, 'Market data farm connection is OK:usfarm', '')
    gateway.send(49, 1, 1401975060)
    tickAll(gateway)
    await vi.waitFor(() => expect(ledger.open).toEqual([]), PATIENTLY)
    const [records] = await finish()
    expect(records?.filter(({ kind }) => kind === 'gap')).toMatchObject([{ cause: 'farm-broken: usfarm' }])
  })
})

describe('the history farm alone (2105)', () => {
  it('breaks the tick-by-tick lines, and no others', async () => {
    const { tws, linesOpen, ledger, topology } = await collectorOn(createWallClock(), acceptAll, {}, ['tick-by-tick-trades'])
    const gateway = await tws(0)
    await linesOpen(2)
    const [, trades = ''] = await gateway.request(97)
    gateway.send(99, trades, 2, 1401975061, 70.55, 100, 0, 'NYSE', '')
    await vi.waitFor(() => expect(topology.supply.lines.tickByTick.open).toBe(1), PATIENTLY)
    gateway.send(4, 2, -1, 2105, 'HMDS data farm connection is broken:ushmds', '')
    await vi.waitFor(() => expect(ledger.open).toMatchObject([{ cause: 'farm-broken: ushmds' }]), PATIENTLY)
    expect(ledger.allLines).toBeUndefined()
    expect(topology.supply.lines.marketData.open).toBe(2)
  })
})

describe('a farm that serves none of the lines (2103)', () => {
  it('makes no gap', async () => {
    const { finish, tws, linesOpen, counts } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    for (const farm of ['usopt', 'eufarm', 'jfarm', 'secdefil'])
      gateway.send(4, 2, -1, 2103, `Market data farm connection is broken:${farm}`, '')
    tickAll(gateway)
    await vi.waitFor(() => expect(counts.received).toBe(4), PATIENTLY)
    const [records] = await finish()
    expect(records?.filter((record) => record.kind === 'gap' || ('event' in record && record.event === 'interrupted'))).toEqual([])
  })
})
