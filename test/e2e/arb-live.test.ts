/**
 * Truth of one kind of row: what the detectors of a running collector store is, row for row, what a scan of its recording finds. A real day
 * is recorded over the wire with the settings that find most.
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { packageRoot } from '../../system/package-root.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { expectDone, placeForTest } from '../support/process/command.ts'
import { recordTape } from '../support/process/recording.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const SLOW_MS = 240_000
/** Without dividends and with interest a chain of a stock that pays them looks full of them. */
const SETTINGS = `
arbitrage: { preset: aggressive }
carry: { rate: 0.002, underlyings: [{ symbol: TWX, currency: USD, dividends: [{ exDate: 2014-08-27, amount: 0.3175 }], borrow: 0.001 }] }
`
const TABLES = {
  opportunities: 'opportunity_id',
  opportunity_legs: 'opportunity_id, moment, leg',
  implied_carry: 'ts, expiry, trading_class, multiplier',
}

forEachEdition('opportunities of a recording', (edition) => {
  it.runIf(edition.name === EMBEDDED)(
    'are row for row what a scan of it finds',
    async () => {
      const place = await placeForTest()
      const config = join(place.folder, 'tapedeck.yaml')
      await writeFile(config, SETTINGS)
      const databaseUrl = await edition.createDatabase()
      await recordTape({ tape: SHIPPED, databaseUrl, symbol: 'TWX', lines: 185, collectArgs: ['--config', config] })

      const client = await connectClient(databaseUrl)
      const rows = async () => {
        const tables: Record<string, unknown[]> = {}
        for (const [table, order] of Object.entries(TABLES))
          tables[table] = (await client.query(`SELECT * FROM ${table} ORDER BY ${order}`)).rows
        return tables
      }
      const live = await rows()
      expect(live['opportunities']?.length).toBeGreaterThan(100)
      expect(live['implied_carry']?.length).toBeGreaterThan(1000)
      const stdout = expectDone(await place.tapedeck(['arb', 'scan', '--write', '--config', config], { DATABASE_URL: databaseUrl }).ended)
      expect(stdout).toMatch(/^Stored: [\d,]+ opportunities, in place of [\d,]+\.$/m)
      expect(await rows()).toEqual(live)
      await client.end()
    },
    SLOW_MS,
  )
})
