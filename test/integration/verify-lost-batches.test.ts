/** What is gone for good, or is on its way, is told from what was deleted. */

import type pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { Place } from '../../collector/write/chain-places.ts'
import { connectClient } from '../../db/pool.ts'
import { isoFromUs } from '../../market/time.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { named, Recording } from '../support/tape/proving.ts'
import { BATCH_ROWS, type ThroughJournal, wholeSession } from '../support/tape/through-journal.ts'
import { FIRST_TS_US } from '../support/tape/ticks.ts'

forEachEdition('the proof of a recording finds and names', ({ createTapeDatabase }) => {
  let url: string
  let admin: pg.Client
  let sessionId = 100
  const whole = wholeSession(FIRST_TS_US)
  const last = whole.length
  beforeAll(async () => {
    url = await createTapeDatabase()
    admin = await connectClient(url)
  })
  afterAll(() => admin.end())

  const record = ({ records = whole, store }: Partial<Pick<ThroughJournal, 'records' | 'store'>> = {}) =>
    Recording.of({ url, admin, sessionId: ++sessionId }, records, store)
  const batchOf = (seq: number) => Math.ceil(seq / BATCH_ROWS)
  /** A plain quote far from either end, in the middle of a batch. */
  const SEQ = 205

  it('a checksum that was taken out of a marker, alone or with all that tells which records the batch has', async () => {
    const tape = await record()
    const { hash } = await tape.verify()
    const batchNo = batchOf(SEQ)
    await tape.change(`UPDATE quotes SET bid_price = bid_price + 1 WHERE session_id = :session AND seq = ${SEQ}`)
    await tape.change(`UPDATE batches SET content_hash = NULL WHERE session_id = :session AND batch_no = ${batchNo}`)
    expect(named(await tape.verify())).toEqual([{ kind: 'checksum-missing', batchNo }])
    expect(named(await tape.verify({ expectedHash: hash }))).toContainEqual({ kind: 'hash-differs', batchNo: batchOf(last) })
    await tape.change(
      `UPDATE batches SET chain_hash = NULL, first_seq = NULL, last_seq = NULL WHERE session_id = :session AND batch_no = ${batchNo}`,
    )
    expect(named(await tape.verify())).toContainEqual({ kind: 'checksum-missing', batchNo })
    // From the first batch on it looks like an earlier version's.
    await tape.change(
      `UPDATE batches SET chain_hash = NULL, content_hash = NULL, first_seq = NULL, last_seq = NULL WHERE session_id = :session AND batch_no <= ${batchNo}`,
    )
    expect(named(await tape.verify())).toContainEqual({ kind: 'chain-broken', batchNo: batchNo + 1 })
    expect(named(await tape.verify({ expectedHash: hash }))).toContainEqual({ kind: 'hash-differs', batchNo: batchOf(last) })
  })

  it('a batch that was deleted in the time of a gap of the journal, but none that was lost', async () => {
    const tsOf = (seq: number) => FIRST_TS_US + (seq - 1) * 1_000_000
    const batchNo = batchOf(SEQ)
    const [from, to] = [(batchNo - 1) * BATCH_ROWS + 1, batchNo * BATCH_ROWS]
    const missing = [{ kind: 'marker-missing', batchNo, seq: from, toSeq: to }]
    const nameLoss = async (ofSession: number, fromUs: number, toUs: number) => {
      const drop = () => admin.query('DELETE FROM gaps WHERE session_id = $1 AND seq = 1000000', [ofSession])
      onTestFinished(async () => void (await drop()))
      await drop()
      await admin.query(
        `INSERT INTO gaps (session_id, seq, noted_ts, from_ts, to_ts, cause) VALUES ($1, 1000000, $2, $2, $3, 'journal-damaged')`,
        [ofSession, isoFromUs(fromUs), isoFromUs(toUs)],
      )
    }
    const later = sessionId + 1000
    const tape = await record()
    await tape.change(`DELETE FROM batches WHERE session_id = :session AND batch_no = ${batchNo}`)
    await tape.change(`DELETE FROM quotes WHERE session_id = :session AND seq BETWEEN ${from} AND ${to}`)
    await nameLoss(later, tsOf(from), tsOf(to) + 5)
    expect(named(await tape.verify())).toEqual(missing)
    // A lane had committed the batch behind it before it was lost.
    await nameLoss(later, tsOf(from - 1), tsOf(to + 1))
    expect(named(await tape.verify())).toEqual([])

    const other = await record({
      store: (store) => {
        let before: Promise<unknown> = Promise.resolve()
        return (batch, contractOf) => {
          const lost = { alreadyCommitted: false, acceptedTicks: 0, quarantinedTicks: 0, refusedTicks: 0, commitMs: 0 }
          // One by one, and chained by what the database has, as after a crash.
          const place = new Place(undefined, batch.batchNo, true)
          const stored = before.then(() => (batch.batchNo === batchNo ? lost : store({ ...batch, place }, contractOf)))
          before = stored
          return stored
        }
      },
    })
    await nameLoss(other.sessionId - 1, tsOf(from - 1), tsOf(to + 1))
    await nameLoss(later, tsOf(last + 10), tsOf(last + 11))
    expect(named(await other.verify())).toEqual(missing)
    await nameLoss(later, tsOf(from), tsOf(to) + 5)
    expect(named(await other.verify())).toEqual([])
  })

  it('a batch that was deleted while its segment is in use, when it cannot be on its way any more', async () => {
    const tape = await record({ records: wholeSession(FIRST_TS_US, 1600) })
    const batchNo = batchOf(SEQ)
    const [seq, toSeq] = [(batchNo - 1) * BATCH_ROWS + 1, batchNo * BATCH_ROWS]
    await tape.change(`DELETE FROM batches WHERE session_id = :session AND batch_no = ${batchNo}`)
    await tape.change(`DELETE FROM quotes WHERE session_id = :session AND seq BETWEEN ${seq} AND ${toSeq}`)
    await tape.change('UPDATE sessions SET ended_ts = NULL WHERE session_id = :session')
    expect(await tape.verifyInUse()).toMatchObject({ problems: [], pending: 1 })
    await tape.change("UPDATE batches SET committed_at = committed_at - interval '1 hour' WHERE session_id = :session")
    const proof = await tape.verifyInUse()
    expect(named(proof)).toEqual([{ kind: 'marker-missing', batchNo, seq, toSeq }])
    expect(proof.problems[0]?.message).toContain('in the journal and not in the database')
  })

  it('a marker with a number that no session comes to', async () => {
    const tape = await record()
    await tape.change(`UPDATE batches SET batch_no = 9999999999 WHERE session_id = :session AND batch_no = ${batchOf(last)}`)
    const found = named(await tape.verifyWithJournal())
    expect(found).toContainEqual(expect.objectContaining({ kind: 'marker-missing', batchNo: batchOf(last) }))
  })

  it('the last batches of a session that crashed, and of one that runs', async () => {
    const crash = { kind: 'session', seq: last + 1, tsUs: FIRST_TS_US + 2 * last * 1_000_000, event: 'ended', cause: 'crash' } as const
    const tape = await record({ records: [...whole.slice(0, -1), { ...crash, seq: last }] })
    expect(named(await tape.verify())).toEqual([])
    const from = batchOf(last) - 1
    await tape.change(`DELETE FROM batches WHERE session_id = :session AND batch_no >= ${from}`)
    for (const table of ['quotes', 'control_records'])
      await tape.change(`DELETE FROM ${table} WHERE session_id = :session AND seq > ${(from - 1) * BATCH_ROWS}`)
    expect(named(await tape.verify())).toEqual([{ kind: 'end-missing' }])
    await tape.change('UPDATE sessions SET ended_ts = NULL, ended_cause = NULL WHERE session_id = :session')
    expect(named(await tape.verify())).toEqual([{ kind: 'end-missing' }])
    // Its journal was lost: it was ended as of the last record that the database has.
    const lastTs = '(SELECT max(ts) FROM quotes WHERE session_id = :session)'
    await tape.change(
      `UPDATE sessions SET ended_ts = ${lastTs}, last_alive_ts = ${lastTs}, ended_cause = 'crash' WHERE session_id = :session`,
    )
    expect(named(await tape.verify())).toEqual([])
  })

  it('no end in a session of the first version, which kept no session records', async () => {
    const tape = await record()
    await tape.change(
      'UPDATE batches SET first_seq = NULL, last_seq = NULL, content_hash = NULL, chain_hash = NULL WHERE session_id = :session',
    )
    await tape.change("DELETE FROM control_records WHERE session_id = :session AND kind = 'session'")
    expect(named(await tape.verify())).toEqual([])
  })

  it('findings on ticks that no rule doubted, and findings whose instrument is another now', async () => {
    const tape = await record()
    const add = (interval: string) =>
      tape.change(
        `INSERT INTO findings (ts, session_id, seq, ordinal, instrument_id, rule, severity, disposition, reason)
         SELECT ts + interval '${interval}', session_id, seq, 0, instrument_id, 'spike', 'error', 'flag', 'far' FROM quotes
         WHERE session_id = :session AND seq = ${SEQ}`,
      )
    await add('0')
    const proof = await tape.verify()
    expect(named(proof)).toEqual([{ kind: 'rows-added' }])
    expect(proof.problems[0]).toMatchObject({ table: 'findings' })
    await tape.change(`DELETE FROM findings WHERE session_id = :session AND seq = ${SEQ}`)
    await add('10 days')
    expect(named(await tape.verify())).toEqual([{ kind: 'rows-added', seq: SEQ, column: 'ts' }])
    await tape.change(`DELETE FROM findings WHERE session_id = :session AND seq = ${SEQ}`)
    expect(named(await tape.verify())).toEqual([])
    await tape.change('UPDATE findings SET instrument_id = instrument_id % 3 + 1 WHERE session_id = :session')
    expect(named(await tape.verify())).toContainEqual({ kind: 'rows-added' })
  })

  it('rows that were moved behind more holes than it keeps, and says of none that it was added', async () => {
    const tape = await record({ records: wholeSession(FIRST_TS_US, 2600) })
    await tape.change('DELETE FROM quotes WHERE session_id = :session AND seq > 300 AND seq % 2 = 0')
    await tape.change(`UPDATE quotes SET ts = ts + interval '2550 seconds' WHERE session_id = :session AND seq = ${SEQ}`)
    const found = (await tape.verify()).problems.filter(({ seq }) => seq === SEQ)
    expect(found.map(({ kind }) => kind).sort()).toEqual(['row-out-of-order', 'rows-missing'])
  })
})
