/** What the database has of options, for filters by their open interest and volume. */

import { expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { knownOptions, knownUnderlyings } from '../../db/read/queries/known-options.ts'
import { forEachEdition } from '../support/database/databases.ts'

forEachEdition('the options of an underlying', ({ createTapeDatabase }) => {
  it('come with their last open interest and the volumes of the last two days, up to the end of a day', async () => {
    const client = await connectClient(await createTapeDatabase())
    try {
      await client.query(`
        INSERT INTO instruments (key, kind, symbol, currency, trading_class, expiry, strike, "right", multiplier, con_id) VALUES
          ('stock:TWX:USD', 'stock', 'TWX', 'USD', NULL, NULL, NULL, NULL, NULL, 7),
          ('call', 'option', 'TWX', 'USD', 'TWX', '2014-06-21', 70, 'C', 100, 8),
          ('expired', 'option', 'TWX', 'USD', 'TWX', '2014-06-04', 70, 'C', 100, 9),
          ('put', 'option', 'TWX', 'USD', 'TWX', '2014-06-21', 70, 'P', 100, NULL),
          ('other', 'option', 'FOXA', 'USD', 'FOXA', '2014-06-21', 30, 'P', 100, NULL)`)
      await client.query(`
        INSERT INTO statistics (ts, session_id, seq, instrument_id, name, value)
        SELECT ts::timestamptz, 1, row_number() OVER (), instrument_id, name, value FROM instruments JOIN (VALUES
          ('call', '2014-06-03 15:59-04', 'day-volume', 11.0), ('call', '2014-06-04 15:00-04', 'day-volume', 3), ('call', '2014-06-04 15:59-04', 'day-volume', 4),
          ('call', '2014-06-04 23:59-04', 'day-volume', 5), ('call', '2014-06-05 09:31-04', 'call-open-interest', 40), ('call', '2014-06-05 09:32-04', 'put-open-interest', 0),
          ('call', '2014-06-06 09:31-04', 'day-volume', 99), ('put', '2014-05-01 15:59-04', 'day-volume', 77), ('put', '2014-06-05 15:59-04', 'day-volume', 1)
        ) AS given (key, ts, name, value) USING (key)`)
      await client.query(`
        INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price, ask_price)
        SELECT '2014-06-05 15:59-04', 1, 100, instrument_id, 69.9, 70.1 FROM instruments WHERE kind = 'stock'`)
      const which = { symbols: ['TWX'], today: '2014-06-05' }
      const terms = {
        kind: 'option',
        symbol: 'TWX',
        currency: 'USD',
        tradingClass: 'TWX',
        expiry: '2014-06-21',
        strike: 70,
        multiplier: 100,
      }
      const call = { ...terms, right: 'C', conId: 8 }
      expect(await knownOptions(client, which, true)).toEqual([
        { contract: call, openInterest: 40, openInterestDay: '2014-06-05', volume: 5, volumeDay: '2014-06-04', before: 11 },
        { contract: { ...terms, right: 'P' }, volume: 1, volumeDay: '2014-06-05' },
      ])
      expect((await knownOptions(client, which, false))[0]).toEqual({ contract: call })
      expect(await knownUnderlyings(client, which)).toEqual([
        { contract: { kind: 'stock', symbol: 'TWX', currency: 'USD', conId: 7 }, price: 70, priceDay: '2014-06-05' },
      ])
    } finally {
      await client.end()
    }
  })
})
