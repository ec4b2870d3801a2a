/** The engine on streams of any records at all, in which few numbers stand for many contracts, by somebody who did not write it. */

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { Arbitrage } from '../../../../market/arbitrage/arbitrage.ts'
import { DETECTORS } from '../../../../market/arbitrage/detectors/index.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import { FairMarket } from '../../../support/arbitrage/fair-market.ts'
import { WITHOUT_FEES } from '../../../support/arbitrage/settings.ts'
import { seeded } from '../../../support/random.ts'
import { anyRecord } from '../../../support/tape/any-record.ts'
import { unexpected } from '../../../support/unexpected.ts'

const SESSION = 3

/** What the engine says of a stream, episode by episode; it must say so of every stream. */
function lifeOf(records: readonly TapeRecord[]): string[] {
  const events: string[] = []
  const arbitrage = new Arbitrage({
    detectors: DETECTORS,
    settings: WITHOUT_FEES,
    onEpisode(event, { id, opened, last, ending, closedUs }) {
      const trades = last.legs.map(({ side, ratio, price, size }) => `${side} ${ratio} at ${price} of ${size}`)
      events.push(`${event} ${id} ${opened.detector} ${last.profit} ${trades.join()} ${ending ?? ''} ${closedUs ?? ''}`)
      for (const figure of [last.profit, last.capital, last.annualReturn, last.edgePerShare, last.size]) expect(figure).toBeTypeOf('number')
      expect(last.profit).toBeGreaterThan(0)
    },
    onDetectorError: (detector, error) => unexpected(`${detector}: ${String(error)}`),
  })
  for (const record of records) arbitrage.take(record, SESSION)
  arbitrage.finish()
  expect(arbitrage.open).toEqual([])
  return events
}

/** A fair market into which anything at all is thrown, about the instruments that it has. */
const disturbedStream = fc.tuple(fc.nat(200), fc.array(anyRecord, { maxLength: 40 })).map(([seed, anything]) => {
  const random = seeded(seed)
  const market = [...new FairMarket(seed).records(0)].slice(0, 400)
  const instruments = market.filter(({ kind }) => kind === 'contract').length
  for (const record of anything) {
    const at = Math.floor(random() * market.length)
    const before = market[at] as TapeRecord
    // A start would leave nothing to look at, and a damaged time has tests of its own.
    if (record.kind === 'session' && record.event === 'started') continue
    const known =
      'instrument' in record && record.instrument !== undefined ? { ...record, instrument: record.instrument % instruments } : record
    market.splice(at, 0, { ...known, tsUs: before.tsUs })
  }
  return market.map((record, i): TapeRecord => ({ ...record, seq: i }))
})

const anyStream = fc.array(anyRecord, { maxLength: 80 }).map((records) =>
  records.map((record): TapeRecord => {
    return 'instrument' in record && record.instrument !== undefined ? { ...record, instrument: record.instrument % 4 } : record
  }),
)

it('nothing in a stream makes a detector throw, and no record is changed', () => {
  let events = 0
  fc.assert(
    fc.property(fc.oneof(anyStream, disturbedStream), (records) => {
      const before = structuredClone(records)
      events += lifeOf(records).length
      expect(records).toEqual(before)
    }),
    { numRuns: 80 },
  )
  expect(events).toBeGreaterThan(0)
})

it('the same records give the same episodes, whatever came before their session and however instruments are numbered', () => {
  fc.assert(
    fc.property(anyStream, disturbedStream, (before, records) => {
      const alone = lifeOf(records)
      const other = lifeOf([...before.filter(({ kind }) => kind !== 'session'), ...records])
      expect(other.slice(other.length - alone.length)).toEqual(alone)
      const renumbered = records.map((record) =>
        'instrument' in record && record.instrument !== undefined ? { ...record, instrument: 100_000 - record.instrument } : record,
      )
      expect(lifeOf(renumbered)).toEqual(alone)
    }),
    { numRuns: 50 },
  )
})
