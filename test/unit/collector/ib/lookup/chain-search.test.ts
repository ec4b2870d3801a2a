import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ChainSearch } from '../../../../../collector/ib/lookup/chain-search.ts'
import { LookUps } from '../../../../../collector/ib/lookup/look-ups.ts'
import { PriceGrids } from '../../../../../collector/ib/lookup/price-grids.ts'
import { greet, type ScriptedTws, type TwsConnection } from '../../../../support/gateway/scripted-tws.ts'
import { unexpected } from '../../../../support/unexpected.ts'
import { PATIENTLY } from '../../../../support/waiting.ts'
import { linkTo, twsFor } from '../tws-support.ts'
import { optionDetails, serveListings } from './listings.ts'

const SPY = { kind: 'stock', symbol: 'SPY', currency: 'USD', conId: 756733 } as const
const RANGE = { from: '2014-06-05', to: '2014-12-31' }
/** One for each week. */
const EXPIRIES = Array.from({ length: 12 }, (_, week) =>
  new Date(Date.UTC(2014, 5, 6 + 7 * week)).toISOString().slice(0, 10).replaceAll('-', ''),
)

/** Lists the expiries, and leaves questions about them to the test. */
const listing = async (tws: TwsConnection) => {
  await greet(tws)
  for (;;) {
    const [, reqId = ''] = await tws.request(78)
    tws.send(75, reqId, 'SMART', SPY.conId, 'SPY', 100, EXPIRIES.length, ...EXPIRIES, 1, 200)
    tws.send(76, reqId)
  }
}

/** A source over a fresh link to a TWS. */
async function sourceTo(server: ScriptedTws, lookUps = new LookUps()) {
  const { link, messages } = linkTo(server.port)
  await link.open()
  const grids = new PriceGrids({ link, onMissing: unexpected })
  const tws = server.connections.at(-1) ?? unexpected()
  const asked = () => tws.requests.filter(({ fields }) => fields[0] === '9').map(({ fields }) => fields)
  const answer = (reqId = '', expiry = '') => {
    // The rule of its prices is left out: none is asked for.
    tws.send(...optionDetails(reqId, 'SPY', `${expiry} 200 C SPY`, Number(expiry)).map((field) => (field === '32' ? '' : field)))
    tws.send(52, 1, reqId)
  }
  const refuse = (reqId = '') => tws.send(4, 2, reqId, 200, 'No security definition has been found for the request', '')
  return { link, messages, grids, lookUps, tws, asked, answer, refuse }
}

/** The clock of this process stands still for time-outs; sockets go on. */
function fakeTimeouts(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
}

/** Waits without timers, which may be faked. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

describe('a search for a chain', () => {
  it('finds all of it on a gateway that answers one request after the other, a minute and a half each, with three in flight', async () => {
    const source = await sourceTo(await twsFor(listing))
    fakeTimeouts()
    const search = new ChainSearch(SPY, RANGE)
    const done = search.search(source)
    for (const [i, expiry] of EXPIRIES.entries()) {
      await until(() => source.asked().length === Math.min(i + 3, EXPIRIES.length))
      await vi.advanceTimersByTimeAsync(90_000)
      const [, , reqId, ...rest] = source.asked()[i] ?? []
      expect(rest[3]).toBe(expiry)
      source.answer(reqId, expiry)
      await until(() => search.options.length === i + 1)
    }

    expect(await done).toBe(true)
    expect(search.isComplete).toBe(true)
    expect(search.options.map(({ expiry }) => expiry.replaceAll('-', ''))).toEqual(EXPIRIES)
  })

  it('waits for the next item of an answer for a minute, and no longer', async () => {
    const source = await sourceTo(await twsFor(listing))
    fakeTimeouts()
    const search = new ChainSearch(SPY, { ...RANGE, to: '2014-06-06' })
    const done = search.search(source).catch((error: unknown) => error)
    await until(() => source.asked().length === 1)
    const reqId = source.asked()[0]?.[2] ?? ''
    const item = optionDetails(reqId, 'SPY', '20140606 200 C SPY', 1)
    for (let i = 0; i < 5; i++) {
      source.tws.send(...item)
      // Its answer comes behind the item: that has been read then.
      source.tws.send(49, 1, i)
      await until(() => source.messages.length === i + 1)
      await vi.advanceTimersByTimeAsync(59_000)
    }
    await vi.advanceTimersByTimeAsync(1000)
    expect(await done).toMatchObject({ code: 'gateway-silent', message: 'The gateway sent no more of its answer within 60 s.' })
  })

  it('goes on over the next link where the last one was lost', async () => {
    const server = await twsFor(listing)
    const first = await sourceTo(server)
    const search = new ChainSearch(SPY, RANGE)
    const lost = search.search(first).catch((error: unknown) => error)
    await vi.waitFor(() => expect(first.asked()).toHaveLength(3), PATIENTLY)
    for (const [i, fields] of first.asked().slice(0, 2).entries()) first.answer(fields[2], EXPIRIES[i])
    await vi.waitFor(() => expect(search.options).toHaveLength(2), PATIENTLY)
    first.link.close()
    expect(await lost).toMatchObject({ retryable: true })
    expect(search.isComplete).toBe(false)

    const second = await sourceTo(server, first.lookUps)
    const done = search.search(second)
    for (const [i, expiry] of EXPIRIES.slice(2).entries()) {
      await vi.waitFor(() => expect(second.asked().length).toBeGreaterThan(i), PATIENTLY)
      expect(second.asked()[i]?.[6]).toBe(expiry)
      second.answer(second.asked()[i]?.[2], expiry)
    }
    await done
    expect(search.options).toHaveLength(EXPIRIES.length)
    expect(second.tws.requests.filter(({ fields }) => fields[0] === '78')).toEqual([])
  })

  it('asks one by one when the gateway left a request without an answer', async () => {
    const server = await twsFor(listing)
    const source = await sourceTo(server)
    const search = new ChainSearch(SPY, RANGE)
    fakeTimeouts()
    const failed = search.search(source).catch((error: unknown) => error)
    await until(() => source.asked().length === 3)
    for (let asked = 3; asked < EXPIRIES.length + 2; asked += 1) await vi.advanceTimersByTimeAsync(180_000)
    expect(await failed).toMatchObject({ code: 'gateway-silent', message: 'The gateway did not answer within 180 s.' })

    const before = source.asked().length
    const done = search.search(source)
    for (const [i, expiry] of EXPIRIES.entries()) {
      await until(() => source.asked().length > before + i)
      expect(source.asked()).toHaveLength(before + i + 1)
      source.answer(source.asked()[before + i]?.[2], expiry)
      await until(() => search.options.length === i + 1)
    }
    await done
  })

  it('gives an expiry up after three refusals at times at which the gateway knew something else', async () => {
    const source = await sourceTo(await twsFor(listing))
    const search = new ChainSearch(SPY, { ...RANGE, to: '2014-06-13' })
    const round = async (answer: (reqId: string, expiry: string) => void, isWitnessed: boolean) => {
      const before = source.asked().length
      const done = search.search(source)
      const asked: string[] = []
      const isOver = { value: false }
      void done.then(() => (isOver.value = true))
      await vi.waitFor(() => {
        for (const fields of source.asked().slice(before + asked.length)) {
          asked.push(fields[6] ?? '')
          answer(fields[2] ?? '', fields[6] ?? '')
        }
        expect(isOver.value).toBe(true)
      }, PATIENTLY)
      if (isWitnessed) search.settle()
      return { asked, isNew: await done }
    }
    const second = (reqId: string, expiry: string) => (expiry === '20140606' ? source.refuse(reqId) : source.answer(reqId, expiry))

    expect(await round(second, true)).toEqual({ asked: ['20140606', '20140613'], isNew: true })
    for (let i = 0; i < 5; i++) expect(await round(second, false)).toEqual({ asked: ['20140606'], isNew: false })
    expect(search.isComplete).toBe(false)
    await round(second, true)
    expect(search.isComplete).toBe(false)
    await round(second, true)
    expect(search.isComplete).toBe(true)
    expect((await round(second, true)).asked).toEqual([])
  })

  it('takes an expiry that was refused twice and then known', async () => {
    const source = await sourceTo(await twsFor(listing))
    const search = new ChainSearch(SPY, { ...RANGE, to: '2014-06-06' })
    for (let i = 0; i < 3; i++) {
      const done = search.search(source)
      await vi.waitFor(() => expect(source.asked()).toHaveLength(i + 1), PATIENTLY)
      const reqId = source.asked()[i]?.[2]
      if (i < 2) source.refuse(reqId)
      else source.answer(reqId, '20140606')
      await done
      search.settle()
    }
    expect(search.options).toHaveLength(1)
    expect(search.isComplete).toBe(true)
  })

  it('of an index asks for it as one, and takes its trading classes apart', async () => {
    const server = await twsFor((tws) =>
      serveListings(tws, {
        stocks: {},
        indices: { SPX: 416904 },
        chains: [
          { exchange: 'SMART', tradingClass: 'SPX', expirations: ['20140620'], strikes: [1900] },
          { exchange: 'SMART', tradingClass: 'SPXW', expirations: ['20140620'], strikes: [1900] },
        ],
        options: ['20140620 1900 C SPX', '20140620 1900 C SPXW'],
      }),
    )
    const source = await sourceTo(server)
    const search = new ChainSearch({ kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE', conId: 416904 }, RANGE)
    await search.search(source)

    expect(source.tws.requests.find(({ fields }) => fields[0] === '78')?.fields.slice(2)).toEqual(['SPX', '', 'IND', '416904'])
    expect(search.options.map(({ symbol, tradingClass }) => `${symbol} ${tradingClass}`)).toEqual(['SPX SPX', 'SPX SPXW'])
  })
})
