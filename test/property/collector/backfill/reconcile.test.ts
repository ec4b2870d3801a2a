import fc from 'fast-check'
import { expect, it } from 'vitest'

import { repairOf, secondsAround, type StampedTrade } from '../../../../collector/backfill/reconcile.ts'

const SECOND_US = 1_000_000
const BEGIN_US = Date.UTC(2014, 5, 5, 14) * 1000

interface Arrived extends StampedTrade {
  arrivedUs: number
}

/** Few prices, sizes and venues: many trades are alike. */
const TRADE = fc.record({
  price: fc.constantFrom(70, 70.01, 70.02),
  size: fc.constantFrom(100, 200),
  venue: fc.constantFrom('NYSE', 'ARCA'),
  conditions: fc.constantFrom(undefined, 'I', ' 4 I'),
  afterUs: fc.integer({ min: 0, max: 1_500_000 }),
  lateUs: fc.integer({ min: 0, max: 9 * SECOND_US }),
})

/** Trades in the order of their seconds, each with its arrival, which is in the same order and up to 9 s later. */
const TAPE = fc.array(TRADE, { maxLength: 80 }).map((trades): Arrived[] => {
  let [madeUs, arrivedUs] = [BEGIN_US, BEGIN_US]
  return trades.map(({ afterUs, lateUs, ...trade }) => {
    madeUs += afterUs
    arrivedUs = Math.max(arrivedUs + 1, Math.min(madeUs + lateUs, madeUs + 9 * SECOND_US))
    return { ...trade, eventTsUs: Math.floor(madeUs / SECOND_US) * SECOND_US, arrivedUs }
  })
})
const CUT = fc.record({ fromUs: fc.integer({ min: -2 * SECOND_US, max: 90 * SECOND_US }), us: fc.integer({ min: 1, max: 60 * SECOND_US }) })

/** A multiset as a sorted list. */
const counted = (trades: readonly StampedTrade[]) =>
  trades.map(({ eventTsUs, price, size, venue, conditions }) => [eventTsUs, price, size, venue, conditions].join(' ')).sort()
const within = (trades: readonly Arrived[], { fromUs, toUs }: { fromUs: number; toUs: number }) =>
  trades.filter(({ eventTsUs }) => eventTsUs >= fromUs && eventTsUs < toUs)

function cutAndRepair(
  tape: readonly Arrived[],
  { fromUs, us }: { fromUs: number; us: number },
  forget: readonly (keyof StampedTrade)[] = [],
) {
  const gap = { fromUs: BEGIN_US + fromUs, toUs: BEGIN_US + fromUs + us }
  const live = tape.filter(({ arrivedUs }) => arrivedUs <= gap.fromUs || arrivedUs >= gap.toUs)
  const seconds = secondsAround(gap)
  const trades = within(live, seconds).map((trade) => ({ ...trade, ...Object.fromEntries(forget.map((field) => [field, undefined])) }))
  const repair = repairOf([gap], within(tape, seconds), { trades, areWhole: true })
  return { gap, live, repair }
}

it('any window that is cut out of any trades is repaired to the trades that there were', () => {
  fc.assert(
    fc.property(TAPE, CUT, (tape, cut) => {
      const { live, repair } = cutAndRepair(tape, cut)
      expect(counted([...live, ...repair.ticks])).toEqual(counted(tape))
      expect(repair).toMatchObject({ unknownToHistory: 0, secondsLeft: 0 })
    }),
  )
})

it('a tick is marked as reconciled where, and only where, its second has live ones', () => {
  fc.assert(
    fc.property(TAPE, CUT, (tape, cut) => {
      const { live, repair } = cutAndRepair(tape, cut)
      const seconds = new Set(live.map(({ eventTsUs }) => eventTsUs))
      for (const { eventTsUs, isReconciled } of repair.ticks) expect(isReconciled).toBe(seconds.has(eventTsUs))
    }),
  )
})

it('as many trades of each price and size as there were are there when the tape does not know their venues and conditions', () => {
  fc.assert(
    fc.property(TAPE, CUT, (tape, cut) => {
      const { live, repair } = cutAndRepair(tape, cut, ['venue', 'conditions'])
      const figures = (trades: readonly StampedTrade[]) =>
        trades.map(({ eventTsUs, price, size }) => `${eventTsUs} ${price} ${size}`).sort()
      expect(figures([...live, ...repair.ticks])).toEqual(figures(tape))
    }),
  )
})

it('a second that holds samples stays as it is, and all others of the gap are whole', () => {
  fc.assert(
    fc.property(TAPE, CUT, (tape, cut) => {
      const gap = { fromUs: BEGIN_US + cut.fromUs, toUs: BEGIN_US + cut.fromUs + cut.us }
      const live = tape.filter(({ arrivedUs }, i) => (arrivedUs <= gap.fromUs || arrivedUs >= gap.toUs) && i % 2 === 0)
      const seconds = secondsAround(gap)
      const repair = repairOf([gap], within(tape, seconds), { trades: within(live, seconds), areWhole: false })
      const sampled = new Set(live.map(({ eventTsUs }) => eventTsUs))
      const inGap = tape.filter(({ eventTsUs }) => eventTsUs < gap.toUs && eventTsUs + SECOND_US > gap.fromUs)
      expect(counted(repair.ticks)).toEqual(counted(inGap.filter(({ eventTsUs }) => !sampled.has(eventTsUs))))
      expect(repair.secondsLeft).toBe(new Set(inGap.flatMap(({ eventTsUs }) => (sampled.has(eventTsUs) ? eventTsUs : []))).size)
    }),
  )
})
