import { expect, it, onTestFinished } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { tickBytes } from '../../db/read/queries/tick-bytes.ts'
import { planStorage } from '../../db/schema/storage/reconcile.ts'
import { forEachEdition } from '../support/database/databases.ts'

const TICKS = 20_000

forEachEdition('the bytes of a tick', ({ createTapeDatabase }) => {
  it('are told by table, rows apart from indexes, and both apart from the columnstore', async () => {
    const client = await connectClient(await createTapeDatabase())
    onTestFinished(() => client.end())
    await client.query(`INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price)
      SELECT timestamptz '2014-06-05 13:30Z' + i * interval '1 second', 1, i, i % 5, i % 100 FROM generate_series(1, ${TICKS}) AS i`)
    await client.query('ANALYZE quotes')
    const quotes = async () => (await tickBytes(client)).find(({ table }) => table === 'quotes')
    expect(await tickBytes(client)).toHaveLength(5)
    const before = await quotes()
    expect(before).toMatchObject({ rows: { ticks: TICKS }, columnstore: { ticks: 0, bytes: 0 } })
    // A row of PostgreSQL has a header of 24 bytes and four columns of 8, an entry of an index at least 16.
    expect((before?.rows.rowBytes ?? 0) / TICKS).toBeGreaterThan(24 + 4 * 8)
    expect((before?.rows.indexBytes ?? 0) / TICKS).toBeGreaterThan(16)
    if ((await planStorage(client)).edition !== 'community') return
    await client.query("SELECT compress_chunk(c) FROM show_chunks('quotes') c")
    const after = await quotes()
    expect(after).toMatchObject({ rows: { ticks: 0 }, columnstore: { ticks: TICKS } })
    expect(after?.columnstore.bytesBefore).toBeGreaterThan(4 * (after?.columnstore.bytes ?? Number.POSITIVE_INFINITY))
  })
})
