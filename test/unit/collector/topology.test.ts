/** The rooms joined, from a scripted TWS to the journal. */

import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createGatewayClock, createWallClock } from '../../../collector/record/clock.ts'
import { greet } from '../../support/gateway/scripted-tws.ts'
import { PATIENTLY } from '../../support/waiting.ts'
import { acceptAll, collectorOn, reqIdsOf, type Script, tickAll } from './topology-support.ts'

const START_US = 1401975060_000_000

describe('a day without trouble', () => {
  it('goes from the wire to the journal, line by line', async () => {
    const { finish, tws, linesOpen, counts } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    const [one = '', two = ''] = reqIdsOf(gateway)
    gateway.send(1, 6, one, 1, 70.5, 3, 1)
    gateway.send(1, 6, one, 2, 70.75, 4, 1)
    gateway.send(1, 6, two, 1, 35.1, 8, 1)
    await vi.waitFor(() => expect(counts.received).toBe(2), PATIENTLY)
    const [records] = await finish()

    expect(gateway.requests.map(({ fields }) => fields[0])).toEqual(['71', '59', '1', '1'])
    expect(gateway.requests[2]?.fields.at(-4)).toBe('100,101')
    expect(records?.map(({ kind, ...record }) => ('event' in record ? `${kind} ${record.event}` : kind))).toEqual([
      'session started',
      'config',
      'contract',
      'contract',
      'line missing',
      'line missing',
      'line opened',
      'line opened',
      'quote',
      'quote',
      'line closed',
      'line closed',
      'session ended',
    ])
    expect(records?.filter(({ kind }) => kind === 'quote')).toMatchObject([
      { instrument: 0, bidPrice: 70.5, bidSize: 3, askPrice: 70.75, askSize: 4 },
      { instrument: 1, bidPrice: 35.1, bidSize: 8 },
    ])
    expect([...counts.dropped]).toEqual([])
    expect(counts.gaps).toBe(0)
  })

  it('counts data of a line that it never asked for as dropped', async () => {
    const { tws, linesOpen, counts } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    gateway.send(1, 6, 999, 1, 1, 1, 1)
    await vi.waitFor(() => expect([...counts.dropped]).toEqual([['unknown-line', 1]]), PATIENTLY)
  })
})

describe('a link that is lost', () => {
  it('leaves a gap, recorded when every line has data again, that begins with the last data', async () => {
    let second: string[] = []
    const { finish, tws, linesOpen, counts, recorder } = await collectorOn(createWallClock(), async (gateway, index) => {
      if (index === 0) return acceptAll(gateway, index)
      await greet(gateway)
      second = [(await gateway.request(1))[2] ?? '', (await gateway.request(1))[2] ?? '']
      gateway.send(58, 1, second[1] ?? '', 1)
    })
    const gateway = await tws(0)
    await linesOpen(2)
    gateway.send(1, 6, reqIdsOf(gateway)[0] ?? '', 1, 70.5, 3, 1)
    await vi.waitFor(() => expect(counts.received).toBe(1), PATIENTLY)
    const provedUs = recorder.lastProofUs
    gateway.socket.end()
    const next = await tws(1)
    await linesOpen(1)
    expect(counts.gaps).toBe(0)
    next.send(58, 1, second[0] ?? '', 1)
    await linesOpen(2)
    next.send(1, 6, second[1] ?? '', 1, 35.1, 8, 1)
    next.send(1, 6, second[0] ?? '', 1, 70.5, 3, 1)
    next.send(1, 6, second[0] ?? '', 1, 70.6, 3, 1)
    next.send(49, 1, 1401975060)
    await vi.waitFor(() => expect(counts.gaps).toBe(1), PATIENTLY)
    const [records] = await finish()

    const backUs = records?.findLast(({ kind }) => kind === 'quote')?.tsUs
    const lost = records?.filter(({ kind }) => kind !== 'contract').slice(7)
    expect(lost).toMatchObject([
      { kind: 'session', event: 'interrupted', fromTsUs: provedUs, cause: 'the gateway closed the connection' },
      { kind: 'line', event: 'closed', instrument: 0, untilTsUs: provedUs, cause: 'link-lost' },
      { kind: 'line', event: 'closed', instrument: 1, untilTsUs: provedUs, cause: 'link-lost' },
      { kind: 'line', event: 'opened', instrument: 1 },
      { kind: 'line', event: 'opened', instrument: 0 },
      { kind: 'quote', instrument: 1 },
      { kind: 'quote', instrument: 0 },
      { kind: 'quote', instrument: 0 },
      { kind: 'session', event: 'alive' },
      { kind: 'gap', fromTsUs: provedUs, toTsUs: backUs, cause: 'the gateway closed the connection' },
      { kind: 'line', event: 'closed' },
      { kind: 'line', event: 'closed' },
      { kind: 'session', event: 'ended' },
    ])
    expect(counts.gaps).toBe(1)
    expect(reqIdsOf(gateway).filter((reqId) => reqIdsOf(next).includes(reqId))).toEqual([])
  })

  it('is not over because the universe was found anew meanwhile', async () => {
    const { tws, linesOpen, counts, topology } = await collectorOn(createWallClock(), acceptAll)
    await linesOpen(2)
    const gateway = await tws(0)
    gateway.socket.end()
    await linesOpen(0)
    topology.supply.universeFound()
    expect(counts.gaps).toBe(0)
    await linesOpen(2)
    expect(counts.gaps).toBe(0)
    tickAll(await tws(1))
    await vi.waitFor(() => expect(counts.gaps).toBe(1), PATIENTLY)
  })

  it('is not over before it is known which lines are wanted, though those that are known have data', async () => {
    const { tws, linesOpen, counts, topology, ledger, recorder } = await collectorOn(createWallClock())
    const search = vi.spyOn(topology.supply, 'universeFound').mockImplementation(() => undefined)
    ledger.linesLost(recorder.nowUs - 1000, 'collector-crash')
    await linesOpen(2)
    tickAll(await tws(0))
    await vi.waitFor(() => expect(counts.received).toBe(4), PATIENTLY)
    topology.coverage.outages.check()
    expect(ledger.open).toHaveLength(1)
    search.mockRestore()
    topology.supply.universeFound()
    topology.coverage.outages.check()
    expect(ledger.open).toEqual([])
    expect(counts.gaps).toBe(1)
  })

  it('is over though a line is over the limit of the gateway now', async () => {
    const { tws, linesOpen, counts, logged } = await collectorOn(
      createWallClock(),
      async (gateway, index) => {
        if (index === 0) return acceptAll(gateway, index)
        await greet(gateway)
        if (index === 2) return
        const [, , served = ''] = await gateway.request(1)
        gateway.send(58, 1, served, 1)
        for (const price of [70.5, 70.6]) gateway.send(1, 6, served, 1, price, 3, 1)
        gateway.send(4, 2, (await gateway.request(1))[2] ?? '', 101, 'Max number of tickers has been reached', '')
      },
      { lineDelays: { lineMs: 300 } },
    )
    const gateway = await tws(0)
    await linesOpen(2)
    gateway.socket.end()
    await vi.waitFor(() => expect(counts.gaps).toBe(1), { timeout: 5000 })

    expect(counts.lines).toBe(1)
    expect(logged).toContainEqual(
      expect.objectContaining({ level: 40, lines: 1, waiting: 1, msg: expect.stringContaining('no more market-data lines') }),
    )
    // The next link is asked for what there was, and for one more when it is time.
    const second = await tws(1)
    second.socket.end()
    const third = await tws(2)
    const [, , reqId = ''] = await third.request(1)
    third.send(58, 1, reqId, 1)
    third.send(58, 1, (await third.request(1))[2] ?? '', 1)
    await linesOpen(2)
  })
})

describe('a gateway that has lost IB', () => {
  it('leaves a gap until there is data again, whatever the gateway says in between', async () => {
    const { finish, tws, linesOpen, counts, topology } = await collectorOn(createWallClock(), async (gateway) => {
      await greet(gateway)
      gateway.send(58, 1, (await gateway.request(1))[2] ?? '', 1)
    })
    const gateway = await tws(0)
    await linesOpen(1)
    gateway.send(4, 2, -1, 1100, 'Connectivity between IB and the gateway has been lost', '')
    gateway.send(4, 2, -1, 1100, 'Connectivity between IB and the gateway has been lost', '')
    gateway.send(49, 1, 1401975060)
    gateway.send(58, 1, reqIdsOf(gateway)[1] ?? '', 1)
    await linesOpen(2)
    expect(counts.gaps).toBe(0)
    gateway.send(4, 2, -1, 2104, 'Market data farm connection is OK:usfarm', '')
    gateway.send(4, 2, -1, 1102, 'Connectivity has been restored - data maintained', '')
    await vi.waitFor(() => expect(topology.coverage.notices.isAway).toBe(false), PATIENTLY)
    topology.coverage.outages.check()
    expect(counts.gaps).toBe(0)
    tickAll(gateway)
    await vi.waitFor(() => expect(counts.gaps).toBe(1), PATIENTLY)
    const [records] = await finish()

    expect(records?.filter(({ kind }) => kind === 'gap' || kind === 'session').slice(1)).toMatchObject([
      { kind: 'session', event: 'interrupted', cause: 'ib-1100' },
      { kind: 'gap', cause: 'ib-1100' },
      { kind: 'session', event: 'ended' },
    ])
    expect(reqIdsOf(gateway)).toHaveLength(2)
  })

  it.each([
    ['IB itself', 1100, 'Connectivity between IB and the gateway has been lost', 'ib-1100'],
    ['a farm', 2103, 'Market data farm connection is broken:usfarm', 'farm-broken: usfarm'],
  ])('has no data of %s from the last sign of life on, and the gap is named at an orderly stop', async (_what, code, text, cause) => {
    const { finish, tws, linesOpen, counts, recorder, ledger } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    gateway.send(1, 6, reqIdsOf(gateway)[0] ?? '', 1, 70.5, 3, 1)
    await vi.waitFor(() => expect(counts.received).toBe(1), PATIENTLY)
    const provedUs = recorder.lastProofUs
    gateway.send(4, 2, -1, code, text, '')
    await vi.waitFor(() => expect(ledger.open).toEqual([expect.objectContaining({ cause, fromTsUs: provedUs })]), PATIENTLY)
    // Time goes on, and no sign of life comes.
    const begunUs = provedUs + 20_000
    await vi.waitFor(() => expect(recorder.nowUs).toBeGreaterThan(begunUs), PATIENTLY)
    expect(recorder.lastProofUs).toBe(provedUs)
    const [records] = await finish()
    const gap = records?.find((record) => record.kind === 'gap')

    expect(gap).toMatchObject({ cause, fromTsUs: provedUs })
    expect(gap?.kind === 'gap' && gap.toTsUs).toBeGreaterThan(begunUs)
  })

  it('or one of its farms, leaves a gap that is named after the farm, and ends with its data or with the link', async () => {
    const { finish, tws, linesOpen, counts, ledger } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    gateway.send(4, 2, -1, 2103, 'Market data farm connection is broken:usfarm.nj', '')
    gateway.send(4, 2, -1, 2103, 'Market data farm connection is broken:usfarm', '')
    gateway.send(4, 2, -1, 2103, 'Market data farm connection is broken:usfarm.nj', '')
    gateway.send(4, 2, -1, 2104, 'Market data farm connection is OK:usfarm', '')
    gateway.send(4, 2, -1, 2104, 'Market data farm connection is OK:eufarm', '')
    await vi.waitFor(() => expect(ledger.open).toHaveLength(2), PATIENTLY)
    gateway.send(49, 1, 1401975060)
    tickAll(gateway)
    await vi.waitFor(() => expect(counts.gaps).toBe(1), PATIENTLY)
    // The lines are as they were; a farm is no reason to give the link up.
    await linesOpen(2)
    gateway.socket.destroy()
    const next = await tws(1)
    await vi.waitFor(() => expect(reqIdsOf(next)).toHaveLength(2), PATIENTLY)
    await linesOpen(2)
    tickAll(next)
    await vi.waitFor(() => expect(counts.gaps).toBe(3), { timeout: 5000 })
    const [records] = await finish()

    const gaps = records?.filter((record) => record.kind === 'gap')
    expect(gaps?.map(({ cause }) => cause)).toEqual(['farm-broken: usfarm', 'farm-broken: usfarm.nj', expect.not.stringContaining('farm')])
    for (const { fromTsUs, toTsUs } of gaps ?? []) expect(toTsUs).toBeGreaterThan(fromTsUs)
    const begun = records?.filter((record) => record.kind === 'session' && record.event === 'interrupted')
    expect(begun?.map((record) => 'cause' in record && record.cause).slice(0, 2)).toEqual(['farm-broken: usfarm.nj', 'farm-broken: usfarm'])
    expect(records?.at(-1)).toMatchObject({ kind: 'session', event: 'ended' })
  })

  it('or one of its farms, leaves a gap in each session that it lasts through', async () => {
    const { finish, tws, linesOpen, recorder } = await collectorOn(createGatewayClock())
    const gateway = await tws(0)
    gateway.send(49, 1, START_US)
    await linesOpen(2)
    const first = recorder.sessionId
    gateway.send(4, 2, -1, 2103, 'Market data farm connection is broken:usfarm.nj', '')
    gateway.send(49, 1, START_US + 1_000_000)
    gateway.send(49, 1, START_US - 1_000_000)
    await vi.waitFor(() => expect(recorder.sessionId).not.toBe(first), PATIENTLY)
    gateway.send(49, 1, START_US + 2_000_000)
    gateway.send(4, 2, -1, 2104, 'Market data farm connection is OK:usfarm.nj', '')
    await vi.waitFor(() => expect(recorder.lastProofUs).toBeGreaterThanOrEqual(START_US + 2_000_000), PATIENTLY)
    const sessions = await finish()

    expect(sessions.map((records) => records?.flatMap((record) => (record.kind === 'gap' ? record.cause : [])))).toEqual([
      expect.arrayContaining(['farm-broken: usfarm.nj']),
      expect.arrayContaining(['farm-broken: usfarm.nj']),
    ])
  })

  it('before anything is recorded has nothing to lose', async () => {
    const { tws, linesOpen, counts, finish, topology } = await collectorOn(createGatewayClock())
    const gateway = await tws(0)
    // Ahead of the handshake these would break it.
    await vi.waitFor(() => expect(topology.supply.link).toBeDefined(), PATIENTLY)
    gateway.send(4, 2, -1, 1100, 'Connectivity between IB and the gateway has been lost', '')
    gateway.send(4, 2, -1, 1101, 'Connectivity has been restored - data lost', '')
    gateway.send(49, 1, START_US)
    await linesOpen(2)
    const [records] = await finish()

    expect(records?.filter((record) => record.kind === 'gap' || (record.kind === 'session' && record.event === 'interrupted'))).toEqual([])
    expect(counts.gaps).toBe(0)
  })

  it('is asked for every line again when its data was lost', async () => {
    const { tws, linesOpen, counts } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    gateway.send(4, 2, -1, 1101, 'Connectivity has been restored - data lost', '')
    await vi.waitFor(() => expect(reqIdsOf(gateway)).toHaveLength(4), PATIENTLY)
    await linesOpen(2)
    expect(counts.gaps).toBe(0)
    tickAll(gateway)
    await vi.waitFor(() => expect(counts.gaps).toBe(1), PATIENTLY)

    expect(counts.lines).toBe(2)
    expect(reqIdsOf(gateway)).toHaveLength(4)
    expect(new Set(reqIdsOf(gateway)).size).toBe(4)
  })
})

describe('the time that a gateway publishes', () => {
  const published = async (script: Script = acceptAll) => {
    const collector = await collectorOn(createGatewayClock(), async (gateway, index) => {
      void script(gateway, index)
      await gateway.request(59)
      gateway.send(49, 1, START_US)
    })
    const gateway = await collector.tws(0)
    await collector.linesOpen(2)
    return { ...collector, gateway, reqIds: reqIdsOf(gateway) }
  }

  it('begins the session, asks for the lines and stamps what follows', async () => {
    const { gateway, reqIds, counts, finish } = await published()
    gateway.send(49, 1, START_US + 5_000_000)
    gateway.send(1, 6, reqIds[0] ?? '', 1, 70.5, 3, 1)
    gateway.send(1, 6, reqIds[0] ?? '', 2, 70.75, 3, 1)
    gateway.send(49, 1, START_US + 6_000_000)
    await vi.waitFor(() => expect(counts.received).toBe(1), PATIENTLY)
    const [records] = await finish()

    expect(records?.[0]).toMatchObject({ kind: 'session', event: 'started', tsUs: START_US })
    expect(records?.find(({ kind }) => kind === 'quote')).toMatchObject({ tsUs: START_US + 5_000_000, bidPrice: 70.5, askPrice: 70.75 })
  })

  it('begins a new session with the same lines when it goes back', async () => {
    const { gateway, reqIds, counts, finish } = await published()
    gateway.send(49, 1, START_US - 60_000_000)
    gateway.send(1, 6, reqIds[1] ?? '', 1, 35.1, 3, 1)
    gateway.send(49, 1, START_US - 59_000_000)
    await vi.waitFor(() => expect(counts.received).toBe(1), PATIENTLY)
    const sessions = await finish()

    expect(sessions).toHaveLength(2)
    expect(sessions[0]?.at(-1)).toMatchObject({ kind: 'session', event: 'ended', cause: 'gateway-time-went-back' })
    expect(sessions[1]?.filter(({ kind }) => kind === 'line' || kind === 'quote')).toMatchObject([
      { kind: 'line', event: 'opened', instrument: 0 },
      { kind: 'line', event: 'opened', instrument: 1 },
      { kind: 'quote', instrument: 1, tsUs: START_US - 60_000_000 + 6 },
      { kind: 'line', event: 'closed', instrument: 0 },
      { kind: 'line', event: 'closed', instrument: 1 },
    ])
  })

  it('ends every tick; one that the link did not live to see the end of is kept out of the quotes', async () => {
    const { gateway, reqIds, counts, finish } = await published()
    gateway.send(1, 6, reqIds[0] ?? '', 1, 70.5, 3, 1)
    gateway.send(1, 6, reqIds[0] ?? '', 2, 70.75, 3, 1)
    gateway.send(49, 1, START_US + 1_000_000)
    gateway.send(1, 6, reqIds[0] ?? '', 1, 70.6, 3, 1)
    gateway.socket.end()
    await vi.waitFor(() => expect(counts.received).toBe(2), PATIENTLY)
    const [records] = await finish()

    expect(records?.filter(({ kind }) => kind === 'quote')).toMatchObject([
      { bidPrice: 70.5, askPrice: 70.75, verdict: undefined },
      { bidPrice: 70.6, askPrice: 70.75, verdict: { disposition: 'quarantine', findings: [{ rule: 'unfinished' }] } },
    ])
  })

  it('keeps half a quote out of the quotes also when the connection is reset', async () => {
    const { gateway, reqIds, counts, finish } = await published()
    gateway.send(1, 6, reqIds[0] ?? '', 1, 70.5, 3, 1)
    gateway.send(1, 6, reqIds[0] ?? '', 2, 70.75, 3, 1)
    gateway.send(49, 1, START_US + 1_000_000)
    await vi.waitFor(() => expect(counts.received).toBe(1), PATIENTLY)
    const { messages } = counts
    gateway.send(1, 6, reqIds[0] ?? '', 1, 70.6, 3, 1)
    // A reset discards what the other side has not read yet.
    await vi.waitFor(() => expect(counts.messages).toBe(messages + 1), PATIENTLY)
    gateway.socket.resetAndDestroy()
    await vi.waitFor(() => expect(counts.received).toBe(2), PATIENTLY)
    const [records] = await finish()

    expect(records?.filter(({ kind }) => kind === 'quote')).toMatchObject([
      { bidPrice: 70.5, askPrice: 70.75, verdict: undefined },
      { bidPrice: 70.6, askPrice: 70.75, verdict: { disposition: 'quarantine', findings: [{ rule: 'unfinished' }] } },
    ])
  })

  it('is not believed when it cannot be one, and that is logged once', async () => {
    const { gateway, reqIds, counts, logged, finish } = await published()
    for (const time of [`1${'0'.repeat(300)}`, Date.UTC(2100, 0) * 1000, '9'.repeat(17)]) gateway.send(49, 1, time)
    gateway.send(1, 6, reqIds[0] ?? '', 1, 70.5, 3, 1)
    gateway.send(49, 1, START_US + 1_000_000)
    await vi.waitFor(() => expect(counts.received).toBe(1), PATIENTLY)
    const sessions = await finish()

    expect(sessions).toHaveLength(1)
    expect(sessions[0]?.find(({ kind }) => kind === 'quote')?.tsUs).toBeLessThan(START_US + 1_000_000)
    expect(logged.filter(({ msg }) => String(msg).includes('publishes a time'))).toMatchObject([{ level: 40, time: 1e300 }])
  })

  it('ends with the tape', async () => {
    const { gateway, ended } = await published()
    gateway.send(4, 2, -1, 99000, 'End of tape', '')
    await vi.waitFor(() => expect(ended()).toBe(1), PATIENTLY)
  })
})

describe('the type of market data', () => {
  it('that is configured is asked for on every link, ahead of the lines', async () => {
    const { tws, linesOpen } = await collectorOn(createWallClock(), acceptAll, { marketDataType: 4 })
    await linesOpen(2)
    const gateway = await tws(0)
    gateway.socket.destroy()
    const next = await tws(1)
    await linesOpen(2)
    for (const { requests } of [gateway, next])
      expect(requests.map(({ fields }) => fields).filter(([type]) => type === '59' || type === '1')[0]).toEqual(['59', '1', '4'])
  })
})

describe('a recording that has stopped', () => {
  it('waits for no answer any more', async () => {
    const { tws, topology } = await collectorOn(createWallClock(), greet)
    await vi.waitFor(async () => expect(reqIdsOf(await tws(0))).toHaveLength(2), PATIENTLY)
    await topology.stop()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    topology.supply.universeFound()
    expect(vi.getTimerCount()).toBe(0)
  })
})
