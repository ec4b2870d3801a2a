/** Every kind of damage to a recording is found and named, and a recording without any passes. */

import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { segmentsOnDisk } from '../../collector/journal/directory.ts'
import { journalOnDisk } from '../../collector/journal/on-disk.ts'
import { connectClient } from '../../db/pool.ts'
import { type VerifyOptions, verifySessions } from '../../db/verify/verify.ts'
import type { SessionProof } from '../../db/verify/problems.ts'
import { readSession } from '../../db/verify/read-session.ts'
import type { Contract, OptionContract } from '../../market/contract.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { folderForTest } from '../support/process/collecting.ts'
import { swapsSides } from '../support/tape/broken-reader.ts'
import { dropsRows, roundsPrices } from '../support/tape/broken-writer.ts'
import { finding, flagged, verdictOf } from '../support/tape/verdicts.ts'
import { BATCH_ROWS, recordThroughJournal, wholeSession } from '../support/tape/through-journal.ts'
import { CONTRACTS, FIRST_TS_US, quote } from '../support/tape/ticks.ts'

forEachEdition('the proof of a recording', ({ createTapeDatabase }) => {
  let url: string
  let admin: pg.Client
  let dataDir: string
  let sessionId = 100
  const records = wholeSession(FIRST_TS_US)
  const last = records.length
  beforeAll(async () => {
    url = await createTapeDatabase()
    admin = await connectClient(url)
  })
  afterAll(() => admin.end())
  beforeEach(async () => {
    sessionId++
    dataDir = await folderForTest()
  })

  const record = (store?: Parameters<typeof recordThroughJournal>[0]['store']) =>
    recordThroughJournal({ url, dataDir, sessionId, records, ...(store && { store }) })
  const verify = async (options: Partial<VerifyOptions> = {}): Promise<SessionProof> => {
    const proofs: SessionProof[] = []
    for await (const proof of verifySessions({ url, query: { sessionId }, ...options })) proofs.push(proof)
    return proofs[0] ?? expect.unreachable('no session was proved')
  }
  const withJournal = async () => verify({ journal: await journalOnDisk(join(dataDir, 'journal')) })
  const change = async (sql: string) => {
    const { rowCount } = await admin.query(sql.replaceAll(':session', String(sessionId)))
    expect(rowCount).toBeGreaterThan(0)
  }
  const named = ({ problems }: SessionProof) =>
    problems.map(({ kind, batchNo, seq, toSeq, column }) =>
      Object.fromEntries(Object.entries({ kind, batchNo, seq, toSeq, column }).filter(([, value]) => value !== undefined)),
    )
  const batchOf = (seq: number) => Math.ceil(seq / BATCH_ROWS)
  /** A plain quote far from either end, in the middle of a batch. */
  const SEQ = 205

  it('passes a recording with every kind of record, with its journal and without, and gives its hash', async () => {
    await record()
    const proof = await withJournal()
    expect(named(proof)).toEqual([])
    expect(proof).toMatchObject({
      records: last,
      comparedWithJournal: last,
      batches: batchOf(last),
      withoutChecksum: 0,
      pending: 0,
      ended: true,
    })
    expect(proof.hash).toMatch(new RegExp(`^${batchOf(last)}-[0-9a-f]{64}$`))
    const alone = await verify({ expectedHash: proof.hash })
    expect(alone).toMatchObject({ problems: [], hash: proof.hash, comparedWithJournal: 0 })
  })

  it('gives a copy in another database, with other numbers of instruments, the same hash', async () => {
    await record()
    const other = await createTapeDatabase()
    await (
      await connectClient(other).then(async (client) => {
        await client.query("INSERT INTO instruments (key, kind, symbol, currency) VALUES ('stock:OTHER:USD', 'stock', 'OTHER', 'USD')")
        return client
      })
    ).end()
    await recordThroughJournal({ url: other, dataDir: await folderForTest(), sessionId, records })
    const { hash } = await verify()
    expect((await verify({ url: other })).hash).toBe(hash)
  })

  describe('finds and names', () => {
    it('a deleted row', async () => {
      await record()
      await change(`DELETE FROM quotes WHERE session_id = :session AND seq = ${SEQ}`)
      const wanted = [{ kind: 'rows-missing', batchNo: batchOf(SEQ), seq: SEQ, toSeq: SEQ }]
      expect(named(await verify())).toEqual(wanted)
      expect(named(await withJournal())).toEqual(wanted)
    })

    it('the last rows of a batch, and of the session', async () => {
      await record()
      await change(`DELETE FROM quotes WHERE session_id = :session AND seq > ${last - 3}`)
      await change(`DELETE FROM control_records WHERE session_id = :session AND seq = ${last}`)
      expect(named(await verify())).toEqual([
        { kind: 'rows-missing', batchNo: batchOf(last - 2), seq: last - 2, toSeq: last },
        { kind: 'end-missing' },
      ])
    })

    it('an altered price: the batch without the journal, and with it the value', async () => {
      await record()
      await change(`UPDATE quotes SET ask_price = ask_price + 0.01 WHERE session_id = :session AND seq = ${SEQ}`)
      const batchNo = batchOf(SEQ)
      expect(named(await verify())).toEqual([
        { kind: 'content-altered', batchNo, seq: (batchNo - 1) * BATCH_ROWS + 1, toSeq: batchNo * BATCH_ROWS },
      ])
      const proof = await withJournal()
      expect(named(proof)).toEqual([{ kind: 'value-altered', batchNo, seq: SEQ, column: 'ask_price' }])
      expect(proof.problems[0]?.message).toMatch(/^quotes\.ask_price of seq 205: expected \d+\.\d+ as in the journal, found \d+\.\d+\.$/)
    })

    it.each([
      ['the bid of a quote that has none now', 'UPDATE quotes SET bid_price = NULL', 'bid_price'],
      ['a quote that is another instrument now', 'UPDATE quotes SET instrument_id = instrument_id % 3 + 1', 'instrument_id'],
      ['a time that is some microseconds off', "UPDATE quotes SET ts = ts + interval '5 microseconds'", 'ts'],
      ['a mark', "UPDATE quotes SET marks = 'late'", 'marks'],
    ])('%s', async (_what, update, column) => {
      await record()
      await change(`${update} WHERE session_id = :session AND seq = ${SEQ}`)
      expect(named(await withJournal())).toEqual([{ kind: 'value-altered', batchNo: batchOf(SEQ), seq: SEQ, column }])
      expect(named(await verify())).toMatchObject([{ kind: 'content-altered', batchNo: batchOf(SEQ) }])
    })

    it('a time that was moved far, and to another day', async () => {
      await record()
      await change(`UPDATE quotes SET ts = ts + interval '30 seconds' WHERE session_id = :session AND seq = ${SEQ}`)
      expect(named(await verify())).toContainEqual({ kind: 'row-out-of-order', seq: SEQ, column: 'ts' })
      await change(`UPDATE quotes SET ts = ts - interval '60 seconds' WHERE session_id = :session AND seq = ${SEQ}`)
      expect(named(await verify())).toContainEqual({ kind: 'row-out-of-order', seq: SEQ, column: 'ts' })
      // A chunk of another day takes it only as a new row.
      await change(
        `WITH gone AS (DELETE FROM quotes WHERE session_id = :session AND seq = ${SEQ} RETURNING *)
         INSERT INTO quotes (ts, session_id, seq, instrument_id) SELECT ts - interval '10 days', session_id, seq, instrument_id FROM gone`,
      )
      const found = named(await verify())
      expect(found).toContainEqual({ kind: 'rows-missing', batchNo: batchOf(SEQ), seq: SEQ, toSeq: SEQ })
      expect(found).toContainEqual({ kind: 'rows-added', seq: SEQ, column: 'ts' })
    })

    it('a row that was added: one that is there already, and one behind the last batch', async () => {
      await record()
      const copy = (seq: string) =>
        `INSERT INTO quotes (ts, session_id, seq, instrument_id, bid_price)
         SELECT ts + interval '1 microsecond', session_id, ${seq}, instrument_id, bid_price FROM quotes WHERE session_id = :session AND seq = ${SEQ}`
      await change(copy('seq'))
      expect(named(await verify())).toEqual([{ kind: 'row-twice', seq: SEQ }])
      await change(`DELETE FROM quotes WHERE session_id = :session AND seq = ${SEQ} AND bid_size IS NULL AND ask_price IS NULL`)
      expect(named(await verify())).toEqual([])
      await change(copy(String(last + 1)).replace("'1 microsecond'", "'1 hour'"))
      expect(named(await verify())).toEqual([{ kind: 'marker-missing', batchNo: batchOf(last) + 1, seq: last + 1, toSeq: last + 1 }])
    })

    it('a control record that is gone, and one that says something else', async () => {
      await record()
      const gone = records.find(({ kind }) => kind === 'line')?.seq ?? 0
      await change(`DELETE FROM control_records WHERE session_id = :session AND seq = ${gone}`)
      expect(named(await verify())).toEqual([{ kind: 'rows-missing', batchNo: batchOf(gone), seq: gone, toSeq: gone }])
      const config = records.findLast(({ kind }) => kind === 'config')?.seq ?? 0
      await change(`UPDATE control_records SET record = '{"config": {"rules": null}}' WHERE session_id = :session AND seq = ${config}`)
      expect(named(await withJournal())).toContainEqual({ kind: 'value-altered', batchNo: batchOf(config), seq: config, column: 'record' })
    })

    it('a quarantined tick that was let out, and one that says something else', async () => {
      await record()
      const kept = records.filter((each) => 'verdict' in each && each.verdict?.disposition === 'quarantine').map(({ seq }) => seq)
      const [first = 0, second = 0] = kept
      await change(`DELETE FROM rejected_ticks WHERE session_id = :session AND seq = ${first}`)
      await change(`UPDATE rejected_ticks SET tick = tick || '{"price": 1.5}' WHERE session_id = :session AND seq = ${second}`)
      const found = named(await withJournal())
      expect(found).toContainEqual({ kind: 'rows-missing', batchNo: batchOf(first), seq: first, toSeq: first })
      expect(found).toContainEqual({ kind: 'value-altered', batchNo: batchOf(second), seq: second, column: 'price' })
    })

    it('a finding of a rule that is gone, and one that says something else', async () => {
      await record()
      const found = records.filter((each) => 'verdict' in each && each.verdict !== undefined).map(({ seq }) => seq)
      const [first = 0, second = 0] = found
      await change(`DELETE FROM findings WHERE session_id = :session AND seq = ${first}`)
      await change(`UPDATE findings SET severity = 'info' WHERE session_id = :session AND seq = ${second}`)
      const problems = named(await withJournal())
      for (const seq of [first, second])
        expect(problems).toContainEqual({ kind: 'value-altered', batchNo: batchOf(seq), seq, column: 'reason' })
    })

    it('a dropped marker, with its rows and without', async () => {
      await record()
      const batchNo = batchOf(SEQ)
      const range = { seq: (batchNo - 1) * BATCH_ROWS + 1, toSeq: batchNo * BATCH_ROWS }
      await change(`DELETE FROM batches WHERE session_id = :session AND batch_no = ${batchNo}`)
      const proof = await verify()
      expect(named(proof)).toEqual([{ kind: 'marker-missing', batchNo, ...range }])
      expect(proof.problems[0]?.message).toContain('20 records (seq 201 to 220) are there without one')
      await change(`DELETE FROM quotes WHERE session_id = :session AND seq BETWEEN ${range.seq} AND ${range.toSeq}`)
      const gone = await withJournal()
      expect(named(gone)).toEqual([{ kind: 'marker-missing', batchNo, ...range }])
      expect(gone.problems[0]?.message).toContain('its records (seq 201 to 220) are gone too')
    })

    it('a marker that was altered: its count, its checksum, its chain', async () => {
      await record()
      const batchNo = batchOf(SEQ)
      await change(`UPDATE batches SET accepted_ticks = accepted_ticks - 1 WHERE session_id = :session AND batch_no = ${batchNo}`)
      expect(named(await verify())).toEqual([{ kind: 'count-differs', batchNo }])
      await change(`UPDATE batches SET accepted_ticks = accepted_ticks + 1 WHERE session_id = :session AND batch_no = ${batchNo}`)
      await change(`UPDATE batches SET chain_hash = sha256(chain_hash) WHERE session_id = :session AND batch_no = ${batchNo}`)
      expect(named(await verify())).toEqual([
        { kind: 'chain-broken', batchNo },
        { kind: 'chain-broken', batchNo: batchNo + 1 },
      ])
    })

    it('the last batches that are gone with everything of them, by the journal, the end of the session and the hash', async () => {
      await record()
      const { hash } = await verify()
      const from = batchOf(last) - 1
      const seq = (from - 1) * BATCH_ROWS + 1
      await change(`DELETE FROM batches WHERE session_id = :session AND batch_no >= ${from}`)
      await change(`DELETE FROM quotes WHERE session_id = :session AND seq >= ${seq}`)
      await change(`DELETE FROM control_records WHERE session_id = :session AND seq >= ${seq}`)
      expect(named(await withJournal())).toEqual([
        { kind: 'batch-lost', batchNo: from, seq, toSeq: seq + BATCH_ROWS - 1 },
        { kind: 'batch-lost', batchNo: from + 1, seq: seq + BATCH_ROWS, toSeq: last },
        { kind: 'end-missing' },
      ])
      await admin.query('UPDATE sessions SET ended_ts = NULL, last_alive_ts = started_ts WHERE session_id = $1', [sessionId])
      expect(named(await verify({ expectedHash: hash }))).toEqual([{ kind: 'hash-differs', batchNo: from + 1 }])
    })

    it('a hand that altered a row and all checksums behind it, by the hash that was noted down', async () => {
      await record()
      const { hash } = await verify()
      const forged = await folderForTest()
      await admin.query('DELETE FROM batches WHERE session_id = $1', [sessionId])
      for (const table of [
        'quotes',
        'trades',
        'option_greeks',
        'statistics',
        'rejected_ticks',
        'control_records',
        'gaps',
        'data_quality',
        'findings',
      ])
        await admin.query(`DELETE FROM ${table} WHERE session_id = $1`, [sessionId])
      const others = records.map((each) => (each.seq === SEQ && each.kind === 'quote' ? { ...each, askPrice: 99 } : each))
      await recordThroughJournal({ url, dataDir: forged, sessionId, records: others })
      expect(named(await verify())).toEqual([])
      expect(named(await verify({ expectedHash: hash }))).toEqual([{ kind: 'hash-differs', batchNo: batchOf(last) }])
    })

    it('a gap that queries see otherwise than it was recorded, and not at all', async () => {
      await record()
      const [first, second] = records.filter(({ kind }) => kind === 'gap').map(({ seq }) => seq)
      await change(`UPDATE gaps SET to_ts = to_ts - interval '5 seconds' WHERE session_id = :session AND seq = ${first}`)
      await change(`DELETE FROM gaps WHERE session_id = :session AND seq = ${second}`)
      expect(named(await verify())).toEqual([
        { kind: 'gap-differs', seq: first, column: 'to_ts' },
        { kind: 'gap-differs', seq: second },
      ])
    })

    it('a block of the journal that was dropped, and a segment that is gone from its middle', async () => {
      await record()
      const segments = (await segmentsOnDisk(join(dataDir, 'journal'))).map(({ path }) => path)
      const path = segments[2] ?? expect.unreachable('too few segments')
      const bytes = await readFile(path)
      // The last byte of a record in the first block behind the preamble.
      const block = bytes.indexOf('TBLK', bytes.indexOf('TBLK') + 4)
      bytes[block + 60] = (bytes[block + 60] ?? 0) ^ 1
      await writeFile(path, bytes)
      const damaged = await withJournal()
      expect(named(damaged)).toMatchObject([{ kind: 'journal-damaged' }])
      await rm(path)
      const [gone] = named(await withJournal())
      expect(gone).toMatchObject({ kind: 'journal-damaged' })
      expect(Number(gone?.['toSeq'])).toBeGreaterThan(Number(damaged.problems[0]?.toSeq))
    })

    it('a writer that loses every fiftieth row, and one that rounds prices', async () => {
      await record(dropsRows(50))
      const lost = named(await withJournal())
      expect(lost.length).toBeGreaterThan(3)
      for (const { kind } of lost) expect(kind).toBe('rows-missing')
      sessionId++
      dataDir = await folderForTest()
      await record(roundsPrices())
      const rounded = named(await withJournal())
      expect(rounded.length).toBeGreaterThan(10)
      expect(new Set(rounded.map(({ kind }) => kind))).toEqual(new Set(['value-altered']))
      expect(rounded.map(({ column }) => column)).toContain('bid_price')
    })

    it('a reader that swaps the sides of a quote', async () => {
      await record()
      const broken = named(await verify({ read: swapsSides(readSession, SEQ) }))
      expect(broken).toMatchObject([{ kind: 'content-altered', batchNo: batchOf(SEQ) }])
    })
  })

  it('passes what the database could not take as it was: instruments and times that it refuses, texts that it cannot hold', async () => {
    const refused: Contract = { ...(CONTRACTS[2] as OptionContract), expiry: '2014-02-30' }
    const at = (seq: number) => ({ seq, tsUs: FIRST_TS_US + seq * 1000 })
    const own: TapeRecord[] = [
      { kind: 'contract', ...at(1), instrument: 0, contract: CONTRACTS[0] ?? refused },
      { kind: 'contract', ...at(2), instrument: 2, contract: refused },
      { kind: 'line', ...at(3), instrument: 2, event: 'opened', openedSeq: 3, openedTsUs: at(3).tsUs },
      quote(4, { ...at(4), instrument: 2 }),
      // Nothing on the tape says what this is.
      quote(5, { ...at(5), instrument: 7 }),
      quote(6, {
        ...at(6),
        instrument: 0,
        eventTsUs: 1.5,
        bidPrice: -0,
        askPrice: Number.NEGATIVE_INFINITY,
        verdict: flagged('spike', 'far; a\0b'),
      }),
      // One leg is refused, and of another nothing is known.
      quote(7, { ...at(7), instrument: 0, verdict: verdictOf({ ...finding('flag', 'put-call-parity', 'off'), evidence: [2, 7, 0] }) }),
      { kind: 'statistic', ...at(8), instrument: 0, name: 'dividends', text: 'a\0b' },
      { kind: 'gap', ...at(9), fromTsUs: at(1).tsUs, toTsUs: at(2).tsUs, cause: 'a\0b', instrument: 2 },
      { kind: 'session', ...at(10), event: 'ended', cause: 'test' },
    ]
    await recordThroughJournal({ url, dataDir, sessionId, records: own })
    expect(await withJournal()).toMatchObject({ problems: [], records: 10, comparedWithJournal: 10, ticks: 5 })
    await change("UPDATE rejected_ticks SET tick = jsonb_set(tick, '{instrument}', '0') WHERE session_id = :session AND seq = 4")
    expect(named(await withJournal())).toEqual([{ kind: 'value-altered', batchNo: 1, seq: 4, column: 'instrument_id' }])
  })

  it('takes batches that wait in the journal for what they are', async () => {
    await record()
    const from = batchOf(last) - 1
    const seq = (from - 1) * BATCH_ROWS + 1
    for (const table of ['quotes', 'control_records'])
      await admin.query(`DELETE FROM ${table} WHERE session_id = $1 AND seq >= $2`, [sessionId, seq])
    await admin.query('DELETE FROM batches WHERE session_id = $1 AND batch_no >= $2', [sessionId, from])
    await admin.query('UPDATE sessions SET ended_ts = NULL, last_alive_ts = started_ts WHERE session_id = $1', [sessionId])
    const journal = await journalOnDisk(join(dataDir, 'journal'))
    const inUse = {
      ...journal,
      async *blocks(id: number) {
        for await (const block of journal.blocks(id)) yield { ...block, isReleased: false }
      },
    }
    expect(await verify({ journal: inUse })).toMatchObject({ problems: [], pending: 2, ended: false })
  })

  it('says which batches an earlier version wrote without checksums, and still compares their counts', async () => {
    await record()
    await change('UPDATE batches SET first_seq = NULL, last_seq = NULL, content_hash = NULL, chain_hash = NULL WHERE session_id = :session')
    const proof = await verify()
    expect(named(proof)).toEqual([])
    expect(proof).toMatchObject({ withoutChecksum: batchOf(last), ticks: expect.any(Number) as number })
    expect(proof.hash).toBeUndefined()
    await change(`DELETE FROM quotes WHERE session_id = :session AND seq = ${SEQ}`)
    expect(named(await verify())).toEqual([{ kind: 'count-differs', batchNo: batchOf(SEQ) }])
  })
})
