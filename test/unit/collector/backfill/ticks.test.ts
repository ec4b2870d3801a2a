/** Requests for ticks: what is done about answers that are none. */

import { describe, expect, it } from 'vitest'

import { HistoryDesk } from '../../../../collector/backfill/desk.ts'
import { HistoryPacing, historyWindows } from '../../../../collector/backfill/pacing.ts'
import { fetchTicks, HISTORY_REFUSED, pacedTicks } from '../../../../collector/backfill/ticks.ts'
import { RequestError } from '../../../../collector/ib/link/requests.ts'
import type { HistoryTick } from '../../../../market/tick.ts'
import { OPEN_US, SECOND_US, TWX } from '../../../support/gateway/gateway-tape.ts'

const SERVICE = 'Historical Market Data Service error message:'
const TICK: HistoryTick = { kind: 'trade', eventTsUs: OPEN_US, price: 70, source: 'tick-by-tick' }

/** What `answer` gives to one request after the other, and what was noted of them. */
function asking(answer: (times: number) => HistoryTick[]) {
  const noted: (string | number)[][] = []
  let asked = 0
  const stop = new AbortController()
  const ticks = fetchTicks(
    { fromUs: OPEN_US, toUs: OPEN_US + 60 * SECOND_US },
    {
      history: { ticks: async () => answer(asked) },
      desk: new HistoryDesk({ pacing: new HistoryPacing(historyWindows(0.0001)), stop: stop.signal }),
      contract: TWX,
      instrumentId: 7,
      what: 'trades',
      notesOf: () => ({
        asked: async () => ++asked,
        ended: async (requestId, outcome, reason) => void noted.push([requestId, outcome, reason]),
      }),
    },
  )
  return { ticks, noted, stop }
}

describe('a request for ticks', () => {
  it('is sent again after a pacing violation, and its number is that of the one with the answer', async () => {
    const pacing = `${SERVICE}Historical data request pacing violation`
    const { ticks, noted } = asking((times) => {
      if (times < 3) throw new RequestError(pacing, 162)
      return [TICK]
    })
    const { value } = await ticks.next()
    expect(value).toMatchObject({ ticks: [TICK], answer: { requestId: 3 }, isLast: true, toUs: OPEN_US + 60 * SECOND_US })
    expect(noted).toEqual([
      [1, 'asked-again', pacing],
      [2, 'asked-again', pacing],
    ])
  })

  it('without data is an answer without ticks', async () => {
    const { ticks, noted } = asking(() => {
      throw new RequestError(`${SERVICE}HMDS query returned no data: TWX TRADES`, 162)
    })
    expect((await ticks.next()).value).toMatchObject({
      ticks: [],
      isLast: true,
      answer: { requestId: 1, noData: expect.stringContaining('no data') },
    })
    expect(noted).toEqual([])
  })

  it('that is refused for good ends the ticks with the reason', async () => {
    const { ticks, noted } = asking(() => {
      throw new RequestError('No market data permissions for NYSE STK', 354)
    })
    await expect(ticks.next()).rejects.toMatchObject({ code: HISTORY_REFUSED, message: 'No market data permissions for NYSE STK' })
    expect(noted).toEqual([[1, 'refused', 'No market data permissions for NYSE STK']])
  })

  it('of bid and ask counts twice, as one for bars of both', () => {
    expect(pacedTicks(7, 'quotes', OPEN_US)).toMatchObject({ series: '7 bid-ask', weight: 2 })
    expect(pacedTicks(7, 'trades', OPEN_US)).toMatchObject({ series: '7 trades', weight: 1 })
    expect(pacedTicks(7, 'trades', OPEN_US).whole).not.toBe(pacedTicks(7, 'trades', OPEN_US + SECOND_US).whole)
  })
})
