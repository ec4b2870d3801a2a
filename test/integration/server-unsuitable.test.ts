/** A server that can do less than the settings ask for. */

import { pino } from 'pino'
import { expect, it } from 'vitest'

import { openDatabase } from '../../db/open.ts'
import { DEFAULT_STORAGE } from '../../db/schema/storage/settings.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { ask } from '../support/process/collecting.ts'

const EXPECTED = /^Expected TimescaleDB Community, as storage\.edition asks for, found .*\. Or set storage\.edition to any\.$/
const SAYING: Record<string, RegExp> = {
  plain: /found PostgreSQL without TimescaleDB\. Install TimescaleDB on the server \(or the image timescale\/timescaledb\), add it to /,
  apache: /found TimescaleDB \S+ Apache\. Install the package of the Community edition .* and set timescaledb\.license = 'timescale'\./,
}

/** Known once the start has created the extension, where that can be. */
const EDITION = `SELECT CASE WHEN NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN 'plain'
  WHEN current_setting('timescaledb.license', true) = 'timescale' THEN 'community' ELSE 'apache' END AS edition`

forEachEdition('settings that ask for TimescaleDB Community', ({ createDatabase }) => {
  it('take a server that has it, and have another one refused at the start, with what to do', async () => {
    const url = await createDatabase()
    const storage = { ...DEFAULT_STORAGE, edition: 'community' as const }
    const config = { dataDir: '/nowhere', database: { url, lanes: 1 }, storage }
    const database = openDatabase({ config, logger: pino({ level: 'silent' }) })
    const error: unknown = await database.prepare().catch((reason: unknown) => reason)
    await database.close()
    const [{ edition } = { edition: '' }] = await ask<{ edition: string }>(url, EDITION)
    if (edition === 'community') return expect([error, database.server()]).toEqual([undefined, expect.stringContaining('Community')])
    expect(error).toMatchObject({ code: 'server-unsuitable', message: expect.stringMatching(EXPECTED) })
    expect(error).toMatchObject({ message: expect.stringMatching(SAYING[edition] ?? '') })
    expect(database.server()).toBeUndefined()
  })
})
