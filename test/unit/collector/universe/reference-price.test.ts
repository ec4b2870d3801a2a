import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { referencePrice } from '../../../../collector/universe/reference-price.ts'
import type { Quote, Statistic, Tick, Trade } from '../../../../market/tick.ts'

const base = { seq: 0, tsUs: 0, instrument: 0 }
const trade = (price: number): Trade => ({ kind: 'trade', ...base, price, source: 'last' })
const close = (value?: number): Statistic => ({ kind: 'statistic', ...base, name: 'previous-close', value })
const quote = (bidPrice?: number, askPrice?: number): Quote => ({ kind: 'quote', ...base, bidPrice, askPrice })

/** The price after these ticks and a wait that is over at once. */
async function priceAfter(...ticks: Tick[]): Promise<number | undefined> {
  const source = new Subject<Tick>()
  const price = referencePrice(source, 1)
  for (const tick of ticks) source.next(tick)
  return price
}

describe('the reference price', () => {
  it('is the last trade, at once', async () => {
    const source = new Subject<Tick>()
    const price = referencePrice(source, 2 ** 31 - 1)
    source.next(quote(69.9, 70.1))
    source.next(close(69))
    source.next(trade(70.6))

    expect(await price).toBe(70.6)
    expect(source.observed).toBe(false)
  })

  it.each<[string, Tick[], number | undefined]>([
    ['the previous close rather than a quote, whichever comes first', [close(69), quote(69.9, 70.1)], 69],
    ['the previous close rather than a quote, whichever comes last', [quote(69.9, 70.1), close(69)], 69],
    ['the latest of several closes', [close(69), close(69.5)], 69.5],
    ['the latest mid of a tight quote, when there is nothing else', [quote(69.9, 70.1), quote(70.4, 70.6)], 70.5],
    ['the mid of a quote as wide as a hundredth of it', [quote(99.5, 100.5)], 100],
    ['the mid of a locked quote', [quote(70, 70)], 70],
  ])('is %s', async (_, ticks, price) => {
    expect(await priceAfter(...ticks)).toBe(price)
  })

  it.each<[string, Tick[]]>([
    ['nothing', []],
    ['a wide quote', [quote(99.4, 100.5)]],
    ['a stub quote', [quote(0.01, 199_999)]],
    ['a crossed quote', [quote(70.2, 70.1)]],
    ['one side', [quote(70, undefined), quote(undefined, 70)]],
    ['a zero bid', [quote(0, 0)]],
    ['a close that there is not', [close(), close(0)]],
    ['a trade at nothing', [trade(0), trade(-1)]],
    ['other figures', [{ ...close(70), name: 'day-high' }]],
  ])('is unknown after %s', async (_, ticks) => {
    expect(await priceAfter(...ticks)).toBeUndefined()
  })

  it('is what is known when the ticks end', async () => {
    const source = new Subject<Tick>()
    const none = referencePrice(source, 2 ** 31 - 1)
    const best = referencePrice(source, 2 ** 31 - 1)
    source.next(close(69))
    source.complete()

    expect(await best).toBe(69)
    expect(await none).toBe(69)
    expect(await referencePrice(source, 2 ** 31 - 1)).toBeUndefined()
  })
})
