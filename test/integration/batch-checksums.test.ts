import PQueue from 'p-queue'
import type pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { ChainPlaces } from '../../collector/write/chain-places.ts'
import { connectClient, createPool } from '../../db/pool.ts'
import { chained, chainStart } from '../../db/verify/chain.ts'
import { createTickStore, type TickStore } from '../../db/write/tick-store.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { block, contractOf, quotes } from '../support/tape/ticks.ts'

interface Marker {
  batch_no: string
  first_seq: string
  last_seq: string
  content_hash: Buffer
  chain_hash: Buffer
}

forEachEdition('the checksums of batches', ({ createTapeDatabase }) => {
  let url: string
  let admin: pg.Client
  beforeAll(async () => {
    url = await createTapeDatabase()
    admin = await connectClient(url)
  })
  afterAll(() => admin.end())

  const newStore = (): TickStore => {
    const pool = createPool({ url, lanes: 4, logger: { warn: () => undefined } })
    onTestFinished(() => pool.end())
    return createTickStore({ pool })
  }
  const blocksOf = (batchNo: number) => [block(quotes(batchNo * 10 - 9, 10))]
  const markers = async (sessionId: number) =>
    (await admin.query<Marker>('SELECT * FROM batches WHERE session_id = $1 ORDER BY batch_no', [sessionId])).rows
  /** What batches 1 to 8 are chained to when they are written one behind the other. */
  const inOrder = async (sessionId: number) => {
    const store = newStore()
    for (let batchNo = 1; batchNo <= 8; batchNo++) await store.store({ sessionId, batchNo, blocks: blocksOf(batchNo) }, contractOf)
    return markers(sessionId)
  }

  it('are chained in the order of the batches, from the start of the session on', async () => {
    let chain = chainStart(1)
    for (const [i, { batch_no, first_seq, last_seq, content_hash, chain_hash }] of (await inOrder(1)).entries()) {
      expect([batch_no, first_seq, last_seq].map(Number)).toEqual([i + 1, i * 10 + 1, i * 10 + 10])
      chain = chained(chain, i + 1, content_hash)
      expect(chain_hash).toEqual(chain)
    }
  })

  it('are the same whatever lane is the first, and when a batch is tried again', async () => {
    const places = new ChainPlaces()
    const store = newStore()
    const batches = [1, 2, 3, 4, 5, 6, 7, 8].map((batchNo) => ({
      sessionId: 2,
      batchNo,
      blocks: blocksOf(batchNo),
      place: places.add(2, batchNo, false),
    }))
    for (const some of [batches.slice(0, 4).reverse(), batches.slice(4).reverse()])
      await Promise.all(some.map((batch) => store.store(batch, contractOf)))
    const written = await markers(2)
    await Promise.all(batches.map((batch) => store.store(batch, contractOf)))
    expect(await markers(2)).toEqual(written)
    let chain = chainStart(2)
    for (const { batch_no, content_hash, chain_hash } of written) {
      chain = chained(chain, Number(batch_no), content_hash)
      expect(chain_hash).toEqual(chain)
    }
  })

  it('need no connection while the batch before is waited for', async () => {
    const pool = createPool({ url, lanes: 4, logger: { warn: () => undefined } })
    onTestFinished(() => pool.end())
    // As a pooler with one connection gives it.
    const only = new PQueue({ concurrency: 1 })
    const store = createTickStore({ pool: { ...pool, withClient: (use) => only.add(() => pool.withClient(use)) } })
    const places = new ChainPlaces()
    const batches = [1, 2].map((batchNo) => ({ sessionId: 5, batchNo, blocks: blocksOf(batchNo), place: places.add(5, batchNo, false) }))
    await Promise.all(batches.reverse().map((batch) => store.store(batch, contractOf)))
    expect(await markers(5)).toHaveLength(2)
  })

  it('hold nothing of a batch that could not be read to its end', async () => {
    const store = newStore()
    const unread = block([...quotes(1, 5), { kind: 'gap', seq: 6, tsUs: 1, fromTsUs: 0, toTsUs: Number.NaN, cause: 'link' }])
    await expect(store.store({ sessionId: 6, batchNo: 1, blocks: [unread] }, contractOf)).rejects.toMatchObject({ code: 'tape-corrupt' })
    const batch = { batchNo: 1, blocks: blocksOf(1) }
    for (const [sessionId, one] of [[6, store] as const, [7, newStore()] as const]) await one.store({ sessionId, ...batch }, contractOf)
    const [[behind], [alone]] = [await markers(6), await markers(7)]
    expect(behind?.content_hash).toEqual(alone?.content_hash)
  })

  it('go on where an earlier process ended, of which some batches were committed and some were not', async () => {
    const whole = await inOrder(3)
    await admin.query('DELETE FROM batches WHERE session_id = 3 AND batch_no IN (4, 6, 7, 8)')
    const [places, store] = [new ChainPlaces(), newStore()]
    // The first one is there in part only: what was in front of it is put away.
    const found = [3, 4, 5, 6, 7, 8].map((batchNo) => ({
      sessionId: 3,
      batchNo,
      blocks: batchNo === 3 ? [block(quotes(25, 5))] : blocksOf(batchNo),
      place: places.add(3, batchNo, true),
    }))
    await Promise.all(found.map((batch) => store.store(batch, contractOf)))
    const chains = (rows: Marker[]) => rows.map(({ chain_hash }) => chain_hash.toString('hex'))
    expect(chains(await markers(3))).toEqual(chains(whole))
  })

  it('begin anew behind batches of a version that kept none', async () => {
    await inOrder(4)
    await admin.query('DELETE FROM batches WHERE session_id = 4 AND batch_no > 4')
    await admin.query('UPDATE batches SET first_seq = NULL, last_seq = NULL, content_hash = NULL, chain_hash = NULL WHERE session_id = 4')
    await newStore().store({ sessionId: 4, batchNo: 5, blocks: blocksOf(5), place: new ChainPlaces().add(4, 5, true) }, contractOf)
    const last = (await markers(4)).at(-1)
    expect(last?.chain_hash).toEqual(chained(chainStart(4), 5, last?.content_hash ?? Buffer.alloc(0)))
  })
})
