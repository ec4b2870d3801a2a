import { describe, expect, it } from 'vitest'
import { onGatewayTime, quote, START_US, STOCK } from '../record/recorder-support.ts'

const at = (ms: number) => START_US + ms * 1000

async function recording() {
  const rig = await onGatewayTime()
  rig.sessions.start()
  /** Begins and ends of gaps on the tapes, session by session. */
  const gaps = async () =>
    (await rig.tapes()).map((tape) =>
      tape
        .filter(({ kind, event }) => kind === 'gap' || event === 'interrupted')
        .map(({ kind, fromTsUs, toTsUs, cause }) => [
          kind === 'gap' ? 'gap' : 'begun',
          cause,
          fromTsUs,
          ...(kind === 'gap' ? [toTsUs] : []),
        ]),
    )
  return { ...rig, gaps }
}

describe('a gap of all lines', () => {
  it('is put on the tape when it begins, and named when the lines are back', async () => {
    const { ledger, sessions, clock, gaps } = await recording()
    clock.publish(at(5))
    ledger.linesLost(at(3), 'link-lost')
    expect(ledger.open).toMatchObject([{ fromTsUs: at(3), cause: 'link-lost' }])
    ledger.linesBack(at(9))
    expect(ledger.open).toEqual([])
    await sessions.end('test')
    expect(await gaps()).toEqual([
      [
        ['begun', 'link-lost', at(3)],
        ['gap', 'link-lost', at(3), at(9)],
      ],
    ])
  })

  it('goes on under its first cause when others come on top of it', async () => {
    const { ledger, sessions, gaps } = await recording()
    ledger.linesLost(at(-3), 'ib-1100')
    ledger.linesLost(at(-2), 'link-lost')
    ledger.linesBack(at(1))
    ledger.linesBack(at(2))
    await sessions.end('test')
    expect(await gaps()).toEqual([
      [
        ['begun', 'ib-1100', at(-3)],
        ['gap', 'ib-1100', at(-3), at(1)],
      ],
    ])
  })

  it('that began before the session is on its tape from the start', async () => {
    const rig = await onGatewayTime()
    rig.ledger.linesLost(at(-60_000), 'collector-crash')
    rig.sessions.start()
    const [tape] = await rig.tapes().then(async () => {
      await rig.sessions.end('test')
      return rig.tapes()
    })
    expect(tape?.slice(2, 3)).toMatchObject([{ event: 'interrupted', fromTsUs: at(-60_000), cause: 'collector-crash' }])
    expect(tape?.find(({ kind }) => kind === 'gap')).toMatchObject({ fromTsUs: at(-60_000), cause: 'collector-crash' })
  })

  it('and that of a farm are named at an orderly stop', async () => {
    const { ledger, sessions, clock, gaps } = await recording()
    ledger.linesLost(at(-3), 'ib-1100')
    ledger.farmBroke('usopt', at(-2))
    clock.publish(at(7))
    await sessions.end('test')
    expect((await gaps())[0]?.slice(2)).toEqual([
      ['gap', 'ib-1100', at(-3), expect.closeTo(at(7), -1)],
      ['gap', 'farm-broken: usopt', at(-2), expect.closeTo(at(7), -1)],
    ])
  })

  it('is named in the time of each session that it lasts through', async () => {
    const { ledger, sessions, gaps } = await recording()
    ledger.linesLost(at(-3), 'ib-1100')
    ledger.farmBroke('usopt', at(-2))
    sessions.takeTime(at(50))
    sessions.takeTime(at(-70_000))
    expect(ledger.open).toMatchObject([{ cause: 'ib-1100' }, { cause: 'farm-broken: usopt' }])
    sessions.takeTime(at(-69_000))
    ledger.farmBack('usopt', at(-69_000))
    ledger.linesBack(at(-69_000))
    await sessions.end('test')
    const [before, after] = await gaps()
    expect(before?.slice(2)).toEqual([
      ['gap', 'ib-1100', at(-3), at(50)],
      ['gap', 'farm-broken: usopt', at(-2), at(50)],
    ])
    expect(after?.filter(([kind]) => kind === 'gap')).toEqual([
      ['gap', 'farm-broken: usopt', expect.closeTo(at(-70_000), -2), at(-69_000)],
      ['gap', 'ib-1100', expect.closeTo(at(-70_000), -2), at(-69_000)],
    ])
  })
})

describe('a gap that lasts through a session whose time jumps ahead', () => {
  it('goes on in the next one from where the last one ended: the time between them has no data either', async () => {
    const { ledger, recorder, clock, sessions, gaps } = await recording()
    clock.publish(at(50))
    ledger.linesLost(at(-3), 'ib-1100')
    ledger.nextSession(() => {
      void recorder.end('clock-step')
      clock.publish(at(80_000))
      recorder.begin()
    })
    ledger.linesBack(at(81_000))
    await sessions.end('test')
    expect((await gaps()).map((tape) => tape.filter(([kind]) => kind === 'gap'))).toEqual([
      [['gap', 'ib-1100', at(-3), expect.closeTo(at(50), -1)]],
      [['gap', 'ib-1100', expect.closeTo(at(50), -1), at(81_000)]],
    ])
  })
})

describe('a gap that is noticed in a later session than it began in', () => {
  it('is named in the time of each', async () => {
    const { ledger, sessions, gaps } = await recording()
    sessions.takeTime(at(50_000))
    sessions.takeTime(at(-70_000))
    sessions.takeTime(at(-69_000))
    // Ten seconds before the time went back.
    ledger.linesLost(at(-80_000), 'ib-1100')
    expect(ledger.open).toEqual([{ fromTsUs: at(-70_000), cause: 'ib-1100' }])
    ledger.linesBack(at(-69_000))
    await sessions.end('test')
    expect((await gaps())[1]).toEqual([
      ['gap', 'ib-1100', expect.closeTo(at(40_000), -2), expect.closeTo(at(50_000), -2)],
      ['begun', 'ib-1100', at(-70_000)],
      ['gap', 'ib-1100', at(-70_000), at(-69_000)],
    ])
  })
})

describe('farms', () => {
  it('each have a gap of their own, which the loss of the link ends', async () => {
    const { ledger, sessions, gaps } = await recording()
    ledger.farmBroke('usopt', at(-4))
    ledger.farmBroke('usfarm', at(-3))
    ledger.farmBroke('usopt', at(-2))
    ledger.farmBack('eufarm', at(1))
    ledger.farmsForgotten(at(5))
    expect(ledger.open).toEqual([])
    await sessions.end('test')
    expect((await gaps())[0]).toEqual([
      ['begun', 'farm-broken: usopt', at(-4)],
      ['begun', 'farm-broken: usfarm', at(-3)],
      ['gap', 'farm-broken: usopt', at(-4), at(5)],
      ['gap', 'farm-broken: usfarm', at(-3), at(5)],
    ])
  })
})

describe('an empty gap', () => {
  it('is neither recorded nor counted', async () => {
    const { ledger, counts, sessions, gaps } = await recording()
    ledger.name({ fromTsUs: at(1), toTsUs: at(1), cause: 'empty' })
    ledger.name({ fromTsUs: at(0), toTsUs: at(1), cause: 'process-paused' })
    expect(counts.gaps).toBe(1)
    await sessions.end('test')
    expect(await gaps()).toEqual([[['gap', 'process-paused', at(0), at(1)]]])
  })
})

describe('a gap that is open', () => {
  it('does not keep ticks from being recorded', async () => {
    const { ledger, recorder, ticks, counts } = await recording()
    ledger.linesLost(at(-1), 'ib-1100')
    ticks.take(quote(1, recorder.instrumentOf(STOCK)), at(1))
    expect(counts.inFlight).toBe(1)
    expect(ledger.open).toHaveLength(1)
  })
})
