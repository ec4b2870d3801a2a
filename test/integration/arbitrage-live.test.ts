/** What the detectors find while a day is recorded is what a scan finds in the recording, row for row. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { ask, folderForTest } from '../support/process/collecting.ts'
import { expectDone, placeForTest } from '../support/process/command.ts'
import { recordTape } from '../support/process/recording.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const SLOW_MS = 240_000
/** What costs little is found often: many rows to compare. */
const SETTINGS = `
arbitrage: { preset: aggressive }
carry:
  rate: 0.0025
  underlyings:
    - { symbol: TWX, dividends: [{ exDate: 2014-08-27, amount: 0.3175 }, { exDate: 2014-11-25, amount: 0.3175 }], borrow: 0 }
`

/** Everything that is derived, in an order of its own. */
async function derived(databaseUrl: string) {
  const rows = (table: string, order: string) => ask<Record<string, unknown>>(databaseUrl, `SELECT * FROM ${table} ORDER BY ${order}`)
  return {
    opportunities: await rows('opportunities', 'opportunity_id'),
    legs: await rows('opportunity_legs', 'opportunity_id, moment, leg'),
    parity: await rows('implied_carry', 'ts, expiry, trading_class, multiplier'),
  }
}

forEachEdition('a recorded day', (edition) => {
  it(
    'has the same opportunities and samples of parity, whether they were found live or by a scan',
    async () => {
      const databaseUrl = await edition.createDatabase()
      const settings = join(await folderForTest(), 'settings.yaml')
      await writeFile(settings, SETTINGS)
      const { collected } = await recordTape({ tape: SHIPPED, databaseUrl, symbol: 'TWX', lines: 185, collectArgs: ['--config', settings] })
      const live = await derived(databaseUrl)
      expect(live.opportunities.length).toBeGreaterThan(100)
      expect(new Set(live.opportunities.map(({ session_id: id }) => Number(id)))).toEqual(new Set([collected.sessionId]))
      expect(live.parity.length).toBeGreaterThan(300)
      expect(live.legs.length).toBeGreaterThan(live.opportunities.length)

      await ask(databaseUrl, 'DELETE FROM opportunities; DELETE FROM implied_carry')
      const place = await placeForTest()
      const scan = ['arb', 'scan', '--session', String(collected.sessionId), '--write', '--config', settings]
      const stdout = expectDone(await place.tapedeck(scan, { DATABASE_URL: databaseUrl }).ended)
      const scanned = await derived(databaseUrl)
      expect(scanned.opportunities.length, stdout).toBe(live.opportunities.length)
      expect(scanned.opportunities).toEqual(live.opportunities)
      expect(scanned.legs).toEqual(live.legs)
      expect(scanned.parity).toEqual(live.parity)
    },
    SLOW_MS,
  )
})
