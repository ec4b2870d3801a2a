/** Lines that would stay dead on a link that lives, if they were not asked for again. */

import { describe, expect, it } from 'vitest'
import { fakeTimers, lines, opened, openerFrom, trades, watched } from './lines-support.ts'

fakeTimers()

describe('a line that gets data after its refusal', () => {
  it.each([
    [10_197, 'for-now', 'paused 10197 Refused'],
    [10_182, 'for-now', 'paused 10182 Refused'],
    [354, 'until-next-link', 'refused S1 354 Refused'],
  ] as const)('%i is open until that data, and asked for again when it was a straggler', async (code, refusal, expected) => {
    const { registry, market, watches, seen, after } = await opened(1)
    registry.refused(100, code, 'Refused', refusal)
    expect(await seen()).toEqual([`closed S1: refused: ${code}`, expected])
    expect(watches.splice(0)).toEqual([100])
    market.nowUs = 777
    registry.dataCame(100)
    expect(await seen()).toEqual(['opened S1'])
    expect(watches).toEqual([100])
    expect(registry.marketData).toMatchObject({ open: 0, silent: 1 })
    expect(await after(59_999)).toEqual([])
    market.nowUs = 9999
    expect(await after(1)).toEqual(['closed S1: silent until 777', 'cancel 100 S1', 'ask 101 S1'])
    registry.accepted(101)
    expect(registry.marketData).toMatchObject({ open: 1, silent: 0 })
  })

  it('is doubted until data comes that cannot have been on its way, however much of it came at once', async () => {
    const { registry, seen, after } = await opened(1)
    registry.refused(100, 10_197, 'Competing session', 'for-now')
    for (let i = 0; i < 5; i++) registry.dataCame(100)
    await after(9999)
    registry.dataCame(100)
    expect(registry.marketData).toMatchObject({ silent: 1 })
    await seen()
    expect(await after(1)).toEqual([])
    registry.dataCame(100)
    expect(await seen()).toEqual(['resumed'])
    expect(registry.marketData).toMatchObject({ open: 1 })
    expect(await after(3_600_000)).toEqual([])
  })

  it('is closed when it is refused again, as of that data', async () => {
    const { registry, market, seen } = await opened(1)
    registry.refused(100, 10_197, 'Competing session', 'for-now')
    market.nowUs = 777
    registry.dataCame(100)
    await seen()
    market.nowUs = 9999
    registry.refused(100, 10_197, 'Competing session', 'for-now')
    expect(await seen()).toEqual(['closed S1: refused: 10197 until 777'])
  })

  it('is closed with its link as of that data', async () => {
    const { registry, market, seen } = await opened(1)
    registry.refused(100, 10_197, 'Competing session', 'for-now')
    market.nowUs = 777
    registry.dataCame(100)
    await seen()
    registry.linkDown('link-lost', 9999)
    expect(await seen()).toEqual(['closed S1: link-lost until 777'])
  })

  it('tick by tick, is cancelled and asked for when IB has let go of the old stream', async () => {
    const { registry, seen, link, after } = watched()
    link(100)
    registry.want([trades(1)])
    await seen()
    registry.dataCame(100)
    await after(20_000)
    registry.refused(100, 10_197, 'Competing session', 'for-now')
    registry.dataCame(100)
    await seen()
    expect(await after(60_000)).toEqual(['closed S1 tick-by-tick: silent until 0', 'cancel 100 S1 tick-by-tick'])
    expect(await after(16_499)).toEqual([])
    expect(await after(1)).toEqual(['ask 101 S1 tick-by-tick'])
  })
})

describe('a line that is asked for again', () => {
  it('records what still comes under its old id, and waits for the answer to the new one all the same', async () => {
    const { registry, market, seen, after } = await opened(1)
    registry.refused(100, 10_197, 'Competing session', 'for-now')
    expect(await after(60_000)).toContain('ask 101 S1')
    market.nowUs = 777
    registry.dataCame(100)
    registry.accepted(100)
    expect(await seen()).toEqual(['opened S1'])
    expect(registry.marketData).toMatchObject({ asked: 1 })
    expect(await after(10_000)).toEqual(['closed S1: silent until 777', 'cancel 101 S1', 'ask 102 S1'])
    registry.accepted(102)
    expect(await seen()).toEqual(['opened S1', 'resumed'])
  })
})

describe('a line that was taken for dead', () => {
  it('is open again with data under its old id, though it was asked for again at once', async () => {
    const { registry, market, watches, seen } = await opened(1)
    for (const line of registry.all) registry.dead(line, { cause: 'silent', provenUs: 5, askAfterMs: 0 })
    expect(watches).toEqual([100])
    expect(await seen()).toEqual(['closed S1: silent until 5', 'cancel 100 S1', 'ask 101 S1'])
    market.nowUs = 777
    registry.dataCame(100)
    expect(await seen()).toEqual(['opened S1'])
  })
})

describe('a line that was open in name only', () => {
  it('has data from its late first data on', async () => {
    const { registry, market, seen } = await opened(1)
    const [line] = registry.all
    if (!line) throw new Error('no line is wanted')
    registry.dataCame(100)
    market.nowUs = 777
    registry.lateData(line, 'no-data', 5)
    expect(await seen()).toEqual(['closed S1: no-data until 5', 'opened S1'])
    expect(line).toMatchObject({ held: true, hasData: true, heldSinceUs: 777 })
  })
})

describe('a tick-by-tick line that was taken for dead before its first tick', () => {
  it('is cancelled, and asked for again when IB has let go of the old stream', async () => {
    const { registry, seen, link, after } = watched()
    link(100)
    registry.want([trades(1)])
    expect(await seen()).toEqual(['ask 100 S1 tick-by-tick'])
    for (const line of registry.all) registry.dead(line, { cause: 'no-data', provenUs: 0, askAfterMs: 0 })
    expect(await after(16_499)).toEqual(['cancel 100 S1 tick-by-tick'])
    expect(await after(1)).toEqual(['ask 101 S1 tick-by-tick'])
    registry.dataCame(101)
    expect(await seen()).toEqual(['opened S1 tick-by-tick'])
  })
})

describe('a request without an answer', () => {
  it('is repeated under a new id, at intervals that grow to a minute', async () => {
    const { registry, seen, link, after } = watched()
    link(100)
    registry.want(lines(1, 2))
    await seen()
    registry.accepted(100)
    expect(await after(9999)).toEqual(['opened S1'])
    expect(await after(1)).toEqual(['cancel 101 S2', 'ask 102 S2'])
    expect(await after(29_999)).toEqual([])
    expect(await after(1)).toEqual(['cancel 102 S2', 'ask 103 S2'])
    for (const reqId of [104, 105, 106]) {
      expect(await after(59_999)).toEqual([])
      expect(await after(1)).toEqual([`cancel ${reqId - 1} S2`, `ask ${reqId} S2`])
    }
    registry.accepted(106)
    expect(await after(3_600_000)).toEqual(['opened S2'])
  })

  it('counts from when it was sent, not from when its turn came', async () => {
    const { registry, log, after } = watched()
    const sent: (() => void)[] = []
    registry.linkUp({
      newReqId: () => 100 + sent.length,
      open: (reqId) => new Promise<void>((resolve) => sent.push(resolve)).then(() => void log.push(`sent ${reqId}`)),
      close: async () => undefined,
    })
    registry.want(lines(1))
    expect(await after(30_000)).toEqual([])
    sent[0]?.()
    expect(await after(9999)).toEqual(['sent 100'])
    expect(sent).toHaveLength(1)
    await after(1)
    expect(sent).toHaveLength(2)
  })

  it('for a tick-by-tick line is none: IB acknowledges no such line', async () => {
    const { registry, seen, link, after } = watched()
    link(100)
    registry.want([trades(1)])
    expect(await seen()).toEqual(['ask 100 S1 tick-by-tick'])
    expect(await after(3_600_000)).toEqual([])
  })
})

describe('a line that is refused though it ought to be served', () => {
  it.each([200, 354, 10_089, 10_168, 10_186])('%i, after it was served before, is asked for again until it is', async (code) => {
    const { registry, seen, link, after } = await opened(1)
    registry.linkDown('link-lost', 1)
    await seen()
    link(500)
    await seen()
    registry.refused(500, code, 'Refused', 'until-next-link')
    expect(await seen()).toEqual([`refused S1 ${code} Refused`])
    expect(await after(59_999)).toEqual([])
    expect(await after(1)).toEqual(['cancel 500 S1', 'ask 501 S1'])
    registry.refused(501, code, 'Refused', 'until-next-link')
    expect(await seen()).toEqual([`refused S1 ${code} Refused again`])
    expect(await after(60_000)).toEqual(['cancel 501 S1', 'ask 502 S1'])
    registry.accepted(502)
    expect(await seen()).toEqual(['opened S1'])
  })

  it('because another contract of its symbol is served, is asked for three times more and then left', async () => {
    const { registry, seen, link, after } = watched()
    const option = { instrument: 2, contract: { kind: 'stock', symbol: 'S1', currency: 'EUR' } as const }
    link(100)
    registry.want([...lines(1), option])
    await seen()
    registry.refused(101, 200, 'No definition', 'until-next-link')
    // Not before that one is served.
    expect(await after(5000)).toEqual(['refused S1 200 No definition'])
    registry.accepted(100)
    await seen()
    const answers = []
    for (let i = 1; i <= 4; i++) {
      answers.push(...(await after(60_000)))
      registry.refused(101 + i, 200, 'No definition', 'until-next-link')
      answers.push(...(await seen()))
    }
    expect(answers.filter((text) => text.startsWith('ask'))).toEqual(['ask 102 S1', 'ask 103 S1', 'ask 104 S1'])
    expect(answers.filter((text) => text.startsWith('refused'))).toEqual(Array(3).fill('refused S1 200 No definition again'))
    expect(await after(3_600_000)).toEqual([])
  })

  it('is asked for again hours later too, however often it was refused before', async () => {
    const { registry, seen, after } = await opened(1)
    let reqId = 100
    for (let i = 0; i < 5; i++) {
      registry.refused(reqId, 354, 'Not subscribed', 'until-next-link')
      expect(await seen()).toEqual(['closed S1: refused: 354', 'refused S1 354 Not subscribed'])
      expect(await after(60_000)).toContain(`ask ${++reqId} S1`)
      registry.accepted(reqId)
      await after(3_600_000)
    }
  })

  it('and is served for a moment each time, is not asked for without end', async () => {
    const { registry, seen, after } = await opened(1)
    let asked = 0
    for (let reqId = 100; reqId < 110; reqId++) {
      registry.accepted(reqId)
      registry.refused(reqId, 354, 'Not subscribed', 'until-next-link')
      await seen()
      asked += (await after(60_000)).filter((text) => text.startsWith('ask')).length
    }
    expect(asked).toBe(3)
  })

  it('tick by tick with 10189, falls back and stays refused', async () => {
    const { registry, seen, link, after } = await opened(1)
    registry.want([trades(1)])
    await seen()
    registry.refused(101, 10_189, 'No tick-by-tick data', 'until-next-link')
    expect(await after(3_600_000)).toEqual(['refused S1 tick-by-tick 10189 No tick-by-tick data'])
    registry.linkDown('link-lost', 1)
    await seen()
    link(500)
    expect(await seen()).toContain('ask 501 S1 tick-by-tick')
  })

  it.each([322, 10_190])(
    'tick by tick with %i, is tried every five minutes, as another client may have given its own back',
    async (code) => {
      const { registry, seen, after } = await opened(1)
      registry.want([trades(1)])
      await seen()
      registry.refused(101, code, 'None left', 'until-next-link')
      expect(await seen()).toEqual([`refused S1 tick-by-tick ${code} None left`])
      for (let reqId = 102; reqId < 110; reqId++) {
        expect(await after(299_999)).toEqual([])
        expect(await after(1)).toEqual([`cancel ${reqId - 1} S1 tick-by-tick`, `ask ${reqId} S1 tick-by-tick`])
        registry.refused(reqId, code, 'None left', 'until-next-link')
        expect(await seen()).toEqual([`refused S1 tick-by-tick ${code} None left again`])
      }
    },
  )
})

describe('a line whose place another one has taken', () => {
  it('is cancelled when it would be asked for again, and waits for a place', async () => {
    const { registry, market, log, seen, after } = watched()
    let send = () => {}
    let isHeldUp = false
    registry.linkUp(openerFrom(100, log, () => (isHeldUp ? new Promise((resolve) => (send = resolve)) : Promise.resolve())))
    registry.want(lines(1, 2, 3))
    await seen()
    registry.accepted(100)
    registry.accepted(101)
    registry.refused(102, 101, 'Max number of tickers', 'no-line')
    registry.refused(101, 354, 'Not subscribed', 'until-next-link')
    await seen()
    registry.accepted(103)
    expect(await after(59_999)).toEqual(['opened S3'])
    // Asking for more teaches the limit again.
    registry.want(lines(4))
    await seen()
    registry.refused(104, 101, 'Max number of tickers', 'no-line')
    await seen()
    isHeldUp = true
    registry.want([trades(5)])
    expect(await after(1)).toEqual(['ask 105 S5 tick-by-tick'])
    market.nowUs = 777
    registry.dataCame(101)
    expect(await seen()).toEqual(['opened S2'])
    market.nowUs = 9999
    send()
    expect(await seen()).toEqual(['cancel 101 S2', 'closed S2: no-line until 777'])
    expect(registry.marketData).toMatchObject({ open: 2, 'no-line': 2 })
  })
})

describe('lines of a gateway that has found IB again', () => {
  it('are asked for at once when they had no answer, were paused or refused; delayed ones are left', async () => {
    const { registry, seen, link, after } = watched()
    link(100)
    registry.want(lines(1, 2, 3, 4))
    await seen()
    registry.refused(101, 10_197, 'Competing session', 'for-now')
    registry.refused(102, 354, 'Not subscribed', 'until-next-link')
    registry.cancelDelayed(4)
    await after(6000)
    registry.askSilentAgain('ib-1102')
    expect(await seen()).toEqual(['cancel 100 S1', 'ask 104 S1', 'cancel 101 S2', 'ask 105 S2', 'cancel 102 S3', 'ask 106 S3'])
    expect(registry.marketData).toMatchObject({ asked: 3, refused: 1 })
  })

  it('are asked for as often as before when they stay refused', async () => {
    const { registry, seen, after } = await opened(1)
    for (let reqId = 100; reqId < 104; reqId++) {
      registry.refused(reqId, 354, 'Not subscribed', 'until-next-link')
      await after(60_000)
    }
    await seen()
    registry.askSilentAgain('ib-1102')
    const asked = await seen()
    for (let reqId = 104; reqId < 110; reqId++) {
      registry.refused(reqId, 354, 'Not subscribed', 'until-next-link')
      asked.push(...(await after(60_000)))
    }
    expect(asked.filter((text) => text.startsWith('ask'))).toEqual(['ask 104 S1', 'ask 105 S1', 'ask 106 S1', 'ask 107 S1'])
  })

  it('that were asked for just now are given the time to answer', async () => {
    const { registry, seen, link, after } = watched()
    link(100)
    registry.want(lines(1))
    await after(4000)
    registry.askSilentAgain('ib-1102')
    registry.askSilentAgain('ib-2104')
    expect(await seen()).toEqual([])
    expect(await after(10_000)).toEqual(['cancel 100 S1', 'ask 101 S1'])
  })

  it('that are open are asked for once when they stay silent, and were held until IB was back', async () => {
    const { registry, market, seen, after } = await opened(1, 2)
    market.nowUs = 777
    registry.askSilentAgain('ib-1102')
    expect(registry.marketData).toMatchObject({ open: 0, silent: 2 })
    registry.dataCame(101)
    expect(registry.marketData).toMatchObject({ open: 1, silent: 1 })
    market.nowUs = 9999
    expect(await seen()).toEqual([])
    expect(await after(9999)).toEqual([])
    expect(await after(1)).toEqual(['closed S1: ib-1102 until 777', 'cancel 100 S1', 'ask 102 S1'])
    registry.accepted(102)
    expect(await after(3_600_000)).toEqual(['opened S1'])
  })

  it('are not given longer because more farms are well', async () => {
    const { registry, seen, after } = await opened(1)
    registry.askSilentAgain('ib-1102')
    await after(6000)
    registry.askSilentAgain('ib-2104')
    expect(await seen()).toEqual([])
    expect(await after(4000)).toContain('ask 101 S1')
  })

  it('tick by tick, wait until IB has let go of the old stream', async () => {
    const { registry, seen, after } = await opened(1)
    registry.want([trades(1)])
    await seen()
    registry.dataCame(101)
    await seen()
    registry.askSilentAgain('ib-1102')
    registry.dataCame(100)
    expect(await after(10_000)).toEqual(['closed S1 tick-by-tick: ib-1102 until 0', 'cancel 101 S1 tick-by-tick'])
    expect(await after(16_499)).toEqual([])
    expect(await after(1)).toEqual(['ask 102 S1 tick-by-tick'])
  })

  it('are left to the next link when there is none', () => {
    const { registry } = watched()
    registry.want(lines(1))
    registry.askSilentAgain('ib-1102')
    expect(registry.marketData).toMatchObject({ idle: 1 })
  })
})
