import { appendFile, mkdir, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { segmentName } from '../../../../collector/journal/directory.ts'
import { type RecoveredSession, recoverJournal } from '../../../../collector/journal/recovery.ts'
import { encodeFileHead } from '../../../../db/tape/file-layout.ts'
import type { TapeRecord } from '../../../../market/tick.ts'
import * as j from './journal-support.ts'

const segment = (directory: string, n: number) => join(directory, segmentName(j.SESSION_ID, n))

/** Folder of a journal that was killed when these records were durable, each list synced by itself. */
async function crashed(
  options: Parameters<typeof j.journalIn>[1],
  ...syncs: TapeRecord[][]
): Promise<{ folder: string; live: j.WatchedJournal }> {
  const live = await j.journalIn(await j.temporaryFolder(), options)
  for (const records of syncs) await live.sync(...records)
  const folder = await j.killed(live.directory)
  await live.journal.close()
  return { folder, live }
}

async function flipByte(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, at)
  byte.writeUInt8(byte.readUInt8(0) ^ 0x40)
  await file.write(byte, 0, 1, at)
  await file.close()
}

const plain = (records: TapeRecord[]) =>
  records.map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)))

describe('a session that crashed', () => {
  it('gives the batches that were handed out, the batch that was open, and one that ends it', async () => {
    const { folder, live } = await crashed(
      { batchRows: 4 },
      [j.started(), j.contract(2), j.opened(3), j.quote(4)],
      [j.quote(5), j.quote(6)],
    )
    const session = await j.recoverOne(folder)

    expect(session).toMatchObject({ sessionId: j.SESSION_ID, crashed: true, lastTsUs: j.BASE_US + 6, tornBytes: 0 })
    expect(await j.contentsOf(session.batches)).toEqual([
      [1, [1, 2, 3, 4]],
      [2, [5, 6]],
      [3, [7, 8]],
    ])
    expect(await j.contentsOf(session.batches.slice(0, 1))).toEqual(await j.contentsOf(live.batches.slice(0, 1)))
    expect(session.batches.map(({ ticks }) => ticks)).toEqual([1, 2, 0])
    expect(session.contracts).toEqual(new Map([[0, j.contract(2).contract]]))
    const { size } = await stat(segment(folder, 1))
    expect(session.segments).toEqual([{ path: segment(folder, 1), bytes: size, uncommitted: 3, closed: true }])
  })

  it('ends as of its last record, and so do the lines that were open, in the order of the tape', async () => {
    const { folder } = await crashed({}, [
      j.started(),
      j.contract(2),
      j.contract(3, 1),
      j.opened(4),
      j.opened(5, 1),
      j.closed(6, 4),
      j.opened(7),
      j.quote(8),
    ])
    const session = await j.recoverOne(folder)
    const last = session.batches.at(-1)

    const untilTsUs = j.BASE_US + 8
    const closing = { kind: 'line', event: 'closed', untilTsUs, cause: 'crash' }
    expect(last && plain(await j.recordsOf(last))).toEqual([
      { ...closing, instrument: 1, openedSeq: 5, openedTsUs: j.BASE_US + 5, seq: 9, tsUs: j.BASE_US + 9 },
      { ...closing, instrument: 0, openedSeq: 7, openedTsUs: j.BASE_US + 7, seq: 10, tsUs: j.BASE_US + 10 },
      { kind: 'session', event: 'ended', cause: 'crash', seq: 11, tsUs: j.BASE_US + 11 },
    ])
    expect(session.lastTsUs).toBe(untilTsUs)
  })

  it('is ended once, however often it is recovered', async () => {
    const { folder } = await crashed({ batchRows: 4 }, [j.started(), j.contract(2), j.opened(3), ...j.quotes(4, 6)])
    const first = await j.recoverOne(folder)
    const bytes = await readFile(segment(folder, 1))
    const second = await j.recoverOne(folder)

    expect(second).toEqual({ ...first, crashed: false, lastTsUs: first.lastTsUs + 2 })
    expect(await j.contentsOf(second.batches)).toEqual(await j.contentsOf(first.batches))
    expect(await readFile(segment(folder, 1))).toEqual(bytes)
  })

  it('is ended with the very same bytes after a recovery that was killed while it wrote them', async () => {
    const { folder } = await crashed({}, [j.started(), j.contract(2), j.opened(3), j.quote(4)])
    const { size } = await stat(segment(folder, 1))
    const first = await j.recoverOne(folder)
    const bytes = await readFile(segment(folder, 1))
    for (const left of [size, size + 1, size + 47, size + 48, bytes.length - 1]) {
      await truncate(segment(folder, 1), left)
      const again = await j.recoverOne(folder)

      expect(again).toEqual({ ...first, tornBytes: left - size })
      expect(await readFile(segment(folder, 1))).toEqual(bytes)
    }
  })

  it('loses the tail that was being written, and that is cut off', async () => {
    const { folder } = await crashed({ batchRows: 2 }, [j.started(), j.contract(2)], j.quotes(3, 4), j.quotes(5, 6))
    const blocks = await j.blocksIn(folder)
    await truncate(segment(folder, 1), (blocks[2]?.end ?? 0) - 8)
    const session = await j.recoverOne(folder)

    expect(session.tornBytes).toBe((blocks[2]?.end ?? 0) - 8 - (blocks[2]?.offset ?? 0))
    expect(await j.contentsOf(session.batches)).toEqual([
      [1, [1, 2]],
      [2, [3, 4]],
      [3, [5]],
    ])
    expect((await j.recordsOf(session.batches[2] ?? expect.unreachable()))[0]).toMatchObject({ kind: 'session', event: 'ended' })
  })

  it('is distinguished from one that is still running after its end was written', async () => {
    // A record behind the end says that it was none; the last word counts.
    const { folder } = await crashed({}, [j.started(), j.ended(2), { ...j.started(3), event: 'alive' }])
    expect((await j.recoverOne(folder)).crashed).toBe(true)
  })
})

describe('the open gap behind a crash', () => {
  const gapOf = async (...syncs: TapeRecord[][]) => {
    const { folder } = await crashed({ segmentBytes: 1 }, ...syncs)
    const { openGap } = await j.recoverOne(folder)
    // The next start may crash as well before it can name the gap.
    expect((await j.recoverOne(folder)).openGap).toEqual(openGap)
    return openGap
  }

  it('begins with the last record', async () => {
    expect(await gapOf([j.started(), j.quote(2)], [j.quote(3)])).toEqual({ fromTsUs: j.BASE_US + 3, cause: 'collector-crash' })
  })

  it('begins on the wall clock up to 15 s earlier, with the last data: an answer of the gateway is none', async () => {
    const begin: TapeRecord = { ...j.started(), detail: { clock: 'wall' } }
    const alive = (ms: number): TapeRecord => ({ ...j.started(3), event: 'alive', tsUs: j.BASE_US + ms * 1000 })
    expect(await gapOf([begin], [j.quote(2)], [alive(9000)])).toMatchObject({ fromTsUs: j.BASE_US + 2 })
    expect(await gapOf([begin], [j.quote(2)], [alive(60_000)])).toMatchObject({ fromTsUs: j.BASE_US + 45_000_000 })
  })

  it('is the one that was open already', async () => {
    const gap = { fromTsUs: j.BASE_US + 2, cause: 'link-lost' }
    expect(await gapOf([j.started(), j.quote(2)], [j.interrupted(3, 2)], [j.quote(4)])).toEqual(gap)
    expect(await gapOf([j.started(), j.quote(2), j.interrupted(3, 2)], [j.gap(4, 2, 7)])).toEqual(gap)
  })

  it('is its own when the one before it has been named', async () => {
    const gap = { fromTsUs: j.BASE_US + 5, cause: 'collector-crash' }
    expect(await gapOf([j.started(), j.quote(2), j.interrupted(3, 2)], [j.gap(4, 2)], [j.quote(5)])).toEqual(gap)
  })

  it('is the first of those that were open at once, until each is named by a gap of its own', async () => {
    const dropping = { ...j.interrupted(4, 3), cause: 'dropped: journal-full' }
    const open = [j.started(), j.interrupted(2, 1), j.quote(3), dropping]
    expect(await gapOf(open)).toEqual({ fromTsUs: j.BASE_US + 1, cause: 'link-lost' })
    expect(await gapOf(open, [j.gap(5, 1)])).toEqual({ fromTsUs: j.BASE_US + 3, cause: 'dropped: journal-full' })
    expect(await gapOf(open, [{ ...j.gap(5, 3), cause: dropping.cause }])).toEqual({ fromTsUs: j.BASE_US + 1, cause: 'link-lost' })
  })

  it('is known from the newest segment alone', async () => {
    const { folder } = await crashed({ segmentBytes: 1 }, [j.started(), j.interrupted(2, 1)], [j.quote(3)], [j.quote(4)])
    for (const n of [1, 2]) await rm(segment(folder, n))
    expect((await j.recoverOne(folder)).openGap).toEqual({ fromTsUs: j.BASE_US + 1, cause: 'link-lost' })
  })

  it('is none behind a session that ended by itself', async () => {
    expect(await gapOf([j.started(), j.interrupted(2, 1)], [j.ended(3)])).toBeUndefined()
  })
})

describe('a session that ended by itself', () => {
  it('gives its batches and is not ended again', async () => {
    const live = await j.journalIn(await j.temporaryFolder(), { batchRows: 3 })
    for (const record of [j.started(), j.contract(2), j.opened(3), j.quote(4), j.closed(5, 3), j.ended(6)]) live.journal.append(record)
    await live.journal.close()
    const bytes = await readFile(segment(live.directory, 1))
    const session = await j.recoverOne(live.directory)

    expect(session).toMatchObject({ crashed: false, lastTsUs: j.BASE_US + 6 })
    expect(await j.contentsOf(session.batches)).toEqual(await j.contentsOf(live.batches))
    expect(await readFile(segment(live.directory, 1))).toEqual(bytes)
  })
})

describe('several segments', () => {
  const options = { batchRows: 3, segmentBytes: 1 }
  const syncs = [
    [j.started(), j.contract(2), j.opened(3)],
    [j.contract(4, 1), j.opened(5, 1), j.quote(6, 1)],
    [j.closed(7, 3), j.quote(8, 1)],
  ]

  it('make one session', async () => {
    const { folder } = await crashed(options, ...syncs)
    const session = await j.recoverOne(folder)

    expect(await j.contentsOf(session.batches)).toEqual([
      [1, [1, 2, 3]],
      [2, [4, 5, 6]],
      [3, [7, 8]],
      [4, [9, 10]],
    ])
    expect(session.batches.map(({ blocks }) => blocks.map(({ segment }) => segment.path))).toEqual([
      [segment(folder, 1)],
      [segment(folder, 2)],
      [segment(folder, 3)],
      [segment(folder, 3)],
    ])
    expect(session.segments.map(({ uncommitted }) => uncommitted)).toEqual([1, 1, 2])
    expect(session.batches.map(({ ticks }) => ticks)).toEqual([0, 1, 1, 0])
  })

  it('of which the older ones are released already leave all that is needed: contracts, open lines, numbers', async () => {
    const { folder } = await crashed(options, ...syncs)
    await rm(segment(folder, 1))
    await rm(segment(folder, 2))
    const session = await j.recoverOne(folder)

    expect(session.contracts).toEqual(
      new Map([
        [0, j.contract(2).contract],
        [1, j.contract(4, 1).contract],
      ]),
    )
    expect(await j.contentsOf(session.batches)).toEqual([
      [3, [7, 8]],
      [4, [9, 10]],
    ])
    expect(plain(await j.recordsOf(session.batches[1] ?? expect.unreachable()))).toMatchObject([
      { kind: 'line', event: 'closed', openedSeq: 5, instrument: 1, untilTsUs: j.BASE_US + 8 },
      { kind: 'session', event: 'ended' },
    ])
  })

  it('forget lines that were closed in a segment that is not there', async () => {
    const { folder } = await crashed(options, ...syncs, [j.quote(9, 1)], [j.closed(10, 5, 1)], [j.quote(11, 1)])
    const closing = (await j.blocksIn(folder)).find(({ batchNo, seqs }) => batchNo > 0 && seqs.includes(10))
    await rm(closing?.path ?? '')
    const session = await j.recoverOne(folder)

    expect((await j.recordsOf(session.batches.at(-1) ?? expect.unreachable())).map(({ kind }) => kind)).toEqual(['gap', 'session'])
  })

  /** Byte lengths of the third segment's header, and of header and preamble. */
  async function bytesBeforeRows(folder: string): Promise<[header: number, preamble: number]> {
    const [preamble] = (await j.blocksIn(folder)).filter(({ path }) => path === segment(folder, 3))
    return [preamble?.offset ?? 0, preamble?.end ?? 0]
  }

  it('end in the newest one that has rows, when the next was only begun', async () => {
    const { folder } = await crashed(options, ...syncs)
    const [header, preamble] = await bytesBeforeRows(folder)
    for (const left of [preamble, preamble - 1, header + 20, header, header - 1, 23, 7, 0]) {
      const copy = await j.killed(folder)
      await truncate(segment(copy, 3), left)
      const session = await j.recoverOne(copy)

      expect(await j.contentsOf(session.batches)).toEqual([
        [1, [1, 2, 3]],
        [2, [4, 5, 6]],
        [3, [7, 8, 9]],
      ])
      const ends = plain(await j.recordsOf(session.batches[2] ?? expect.unreachable()))
      expect(ends).toMatchObject([{ openedSeq: 3 }, { openedSeq: 5 }, { event: 'ended' }])
      expect(session.batches[2]?.blocks.map((block) => block.segment.path)).toEqual([segment(copy, 2)])
      expect(session.segments.map(({ uncommitted }) => uncommitted)).toEqual([1, 2, 0])
      expect(await j.recoverOne(copy)).toEqual({ ...session, crashed: false, lastTsUs: j.BASE_US + 9, tornBytes: 0 })
    }
  })

  it('may begin with a header of zeros, however long, when its pages never reached the disk', async () => {
    const { folder } = await crashed(options, ...syncs)
    const [, preamble] = await bytesBeforeRows(folder)
    for (const begun of [Buffer.alloc(100), Buffer.alloc(100_000)]) {
      await writeFile(segment(folder, 3), begun)
      expect((await j.recoverOne(await j.killed(folder))).batches).toHaveLength(3)
    }
    // The preamble made it to the disk, the header before it did not.
    const half = await readFile(segment((await crashed(options, ...syncs)).folder, 3))
    await writeFile(segment(folder, 3), half.subarray(0, preamble).fill(0, 0, 32))
    expect((await j.recoverOne(await j.killed(folder))).batches).toHaveLength(3)
  })
})

describe('a first segment that was only begun', () => {
  it.each([
    ['no byte', Buffer.alloc(0)],
    ['half a header', encodeFileHead({ source: 'collector', sessionId: j.SESSION_ID, segment: 1 }).subarray(0, 30)],
    ['a header', encodeFileHead({ source: 'collector', sessionId: j.SESSION_ID, segment: 1 })],
    ['a header and half a block', Buffer.concat([encodeFileHead({ source: 'collector', segment: 1 }), Buffer.from('TBLK1234')])],
    ['zeros', Buffer.alloc(5000)],
  ])('and holds %s is no session to end', async (_, bytes) => {
    const folder = await j.temporaryFolder()
    await writeFile(segment(folder, 1), bytes)
    const session = await j.recoverOne(folder)

    expect(session).toMatchObject({ crashed: false, batches: [], segments: [{ path: segment(folder, 1), uncommitted: 0, closed: true }] })
    expect(await j.recoverOne(folder)).toMatchObject({ crashed: false, batches: [] })
  })
})

describe('damage', () => {
  const gapsIn = async (session: RecoveredSession) => {
    const records = (await Promise.all(session.batches.map(j.recordsOf))).flat()
    return records.flatMap((record) =>
      record.kind === 'gap' ? [[record.fromTsUs - j.BASE_US, record.toTsUs - j.BASE_US, record.cause]] : [],
    )
  }
  const seqsIn = async (session: RecoveredSession) => (await j.contentsOf(session.batches)).flatMap(([, seqs]) => seqs)

  it('in the middle costs what it hit: the blocks on either side are recovered and a gap names what was between', async () => {
    const { folder } = await crashed({ batchRows: 2 }, j.quotes(1, 2), j.quotes(3, 4), j.quotes(5, 6))
    const [, second] = await j.blocksIn(folder)
    for (const at of [0, 12, 40, 60]) {
      const copy = await j.killed(folder)
      await flipByte(segment(copy, 1), (second?.offset ?? 0) + at)
      const { sessions, damaged } = await recoverJournal(copy)
      const [session] = sessions

      expect(session && (await seqsIn(session))).toEqual([1, 2, 5, 6, 7, 8])
      expect(session && (await gapsIn(session))).toEqual([[2, 5, 'journal-damaged']])
      expect(session).toMatchObject({ losses: [{ records: 2 }], segments: [{ damage: expect.stringContaining(`byte ${second?.offset}`) }] })
      expect(damaged).toEqual([{ path: segment(copy, 1), reason: expect.stringContaining(`byte ${second?.offset}`) }])
      // The gap is named once, however often the start is repeated before the database has everything.
      const again = await j.recoverOne(copy)
      expect(again.batches).toEqual(session?.batches)
      expect(again.openGap).toEqual({ fromTsUs: j.BASE_US + 6, cause: 'collector-crash' })
    }
  })

  it('to the last rows is distinguished from a torn tail once the end of the session was written behind them', async () => {
    const { folder } = await crashed({}, [j.started(), j.quote(2)])
    await j.recoverOne(folder)
    const [rows] = await j.blocksIn(folder)
    await flipByte(segment(folder, 1), (rows?.offset ?? 0) + 60)
    const session = await j.recoverOne(folder)

    expect(session).toMatchObject({ crashed: false, losses: [{ records: 2 }], segments: [{ damage: expect.any(String) }] })
    expect(await gapsIn(session)).toEqual([[0, 3, 'journal-damaged']])
  })

  it('to the end of a segment is distinguished from a torn tail by the records missing before the next one', async () => {
    const { folder } = await crashed({ batchRows: 2, segmentBytes: 1 }, j.quotes(1, 2), j.quotes(3, 4), j.quotes(5, 6))
    await flipByte(segment(folder, 2), (await stat(segment(folder, 2))).size - 8)
    const bytes = await readFile(segment(folder, 2))
    const session = await j.recoverOne(folder)

    expect(await seqsIn(session)).toEqual([1, 2, 5, 6, 7, 8])
    expect(await gapsIn(session)).toEqual([[2, 5, 'journal-damaged']])
    expect(await readFile(segment(folder, 2))).toEqual(bytes)
  })

  it.each([
    ['its first byte', 0],
    ['its version', 8],
    ['its description', 30],
  ])('to a header costs no rows: %s', async (_, at) => {
    const { folder } = await crashed({}, j.quotes(1, 2))
    await flipByte(segment(folder, 1), at)
    const session = await j.recoverOne(folder)

    expect(await seqsIn(session)).toEqual([1, 2, 3])
    expect(session.segments).toMatchObject([{ damage: expect.any(String) }])
  })

  it('that takes a whole segment in the middle is named', async () => {
    const { folder } = await crashed({ batchRows: 2, segmentBytes: 1 }, j.quotes(1, 2), j.quotes(3, 4), j.quotes(5, 6))
    await rm(segment(folder, 2))
    expect(await gapsIn(await j.recoverOne(folder))).toEqual([[2, 5, 'journal-damaged']])
  })

  it('in front of the first segment left is handed on, to be compared with the database', async () => {
    const { folder } = await crashed({ batchRows: 3, segmentBytes: 1 }, j.quotes(1, 2), j.quotes(3, 4), j.quotes(5, 6))
    const session = async (gone: number) => {
      const copy = await j.killed(folder)
      for (let n = 1; n <= gone; n++) await rm(segment(copy, n))
      return j.recoverOne(copy)
    }
    expect((await session(0)).head).toBeUndefined()
    expect((await session(1)).head).toEqual({ batchNo: 1, isBegun: true, fromTsUs: j.BASE_US + 2, toTsUs: j.BASE_US + 3 })
    expect((await session(2)).head).toMatchObject({ batchNo: 2, isBegun: false, toTsUs: j.BASE_US + 4 })
    expect((await session(3)).head).toMatchObject({ batchNo: 2, isBegun: true, toTsUs: j.BASE_US + 5 })
    expect(await gapsIn(await session(2))).toEqual([])
  })

  it('that leaves nothing, or a foreign file, is set aside', async () => {
    const { folder } = await crashed({}, [j.started(), j.quote(2)])
    await writeFile(join(folder, '1-000001.tape'), 'hello, this is no tape')
    await mkdir(join(folder, '2-000001.tape'))
    await writeFile(join(folder, '3-000001.tape'), '')
    await writeFile(join(folder, '4-000001.tape'), await readFile(segment(folder, 1)))
    await mkdir(join(folder, 'damaged'))
    await writeFile(join(folder, 'damaged', '1-000001.tape'), 'of an earlier day')
    const { sessions, damaged } = await recoverJournal(folder)

    expect(sessions.map(({ sessionId, batches }) => [sessionId, batches.length])).toEqual([
      [3, 0],
      [j.SESSION_ID, 2],
    ])
    const aside = damaged.map(({ setAsideTo }) => basename(setAsideTo ?? ''))
    expect(aside).toEqual(['1-000001.tape.2', '2-000001.tape', '4-000001.tape'])
    expect((await readdir(join(folder, 'damaged'))).sort()).toEqual(['1-000001.tape', ...aside].sort())
  })

  it('that keeps the end from being written leaves the session to the next start', async () => {
    const { folder } = await crashed({}, [j.started(), j.quote(2)])
    const handle = await j.fileHandlePrototype()
    const writev = handle.writev as (buffers: Buffer[], at: number) => Promise<unknown>
    const { write } = handle
    // A disk filling up writes short first.
    handle.writev = function (this: unknown, buffers: Buffer[], at: number) {
      return writev.call(this, [Buffer.concat(buffers).subarray(0, 60)], at)
    }
    handle.write = () => Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }))
    const session = await j.recoverOne(folder).finally(() => Object.assign(handle, { writev, write }))

    expect(session).toMatchObject({ unwritable: { code: 'ENOSPC' }, openGap: { fromTsUs: j.BASE_US + 2 } })
    expect(await seqsIn(session)).toEqual([1, 2])
    const again = await j.recoverOne(folder)
    expect(again).toMatchObject({ crashed: true, tornBytes: 60, losses: [] })
    expect(await seqsIn(again)).toEqual([1, 2, 3])
  })

  it('to one session hides no other', async () => {
    const { folder } = await crashed({}, [j.started(), j.quote(2)])
    await writeFile(join(folder, segmentName(j.SESSION_ID + 1, 1)), '')
    await appendFile(join(folder, 'notes.txt'), 'not a tape')
    const { sessions } = await recoverJournal(folder)

    expect(sessions.map(({ sessionId, crashed, batches }) => [sessionId, crashed, batches.length])).toEqual([
      [j.SESSION_ID, true, 2],
      [j.SESSION_ID + 1, false, 0],
    ])
  })
})

describe('an empty folder', () => {
  it('holds no session', async () => {
    expect(await recoverJournal(await j.temporaryFolder())).toEqual({ sessions: [], damaged: [] })
  })
})
