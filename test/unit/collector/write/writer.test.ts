import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createWallClock } from '../../../../collector/record/clock.ts'
import { Journal } from '../../../../collector/journal/journal.ts'
import { Recorder } from '../../../../collector/record/recorder.ts'
import { droppedTotal, unaccounted } from '../../../../collector/telemetry/counts.ts'
import type { StoredBatch, WriterOptions } from '../../../../collector/write/writer.ts'
import { RecordCursor } from '../../../../db/tape/codec/decode.ts'
import { RULES } from '../../../../market/rules/index.ts'
import { defaultSettings } from '../../../../market/rules/settings.ts'
import { Validator } from '../../../../market/rules/validator.ts'
import { temporaryFolder } from '../journal/journal-support.ts'
import { batchOf, contractOf, segmentOf, stored, writerWith } from './writer-support.ts'
import { unbounded } from '../../../support/tape/unbounded.ts'
import { unexpected } from '../../../support/unexpected.ts'
import { PATIENTLY } from '../../../support/waiting.ts'

/** A store that answers when the test says so. */
function gatedStore() {
  const waiting: { batchNo: number; answer: (result: StoredBatch | Error) => void }[] = []
  const store: WriterOptions['store'] = ({ batchNo }) =>
    new Promise((resolve, reject) => {
      waiting.push({ batchNo, answer: (result) => (result instanceof Error ? reject(result) : resolve(result)) })
    })
  const begun = () => waiting.map(({ batchNo }) => batchNo)
  const answer = (batchNo: number, result: StoredBatch | Error = stored()) => {
    const index = waiting.findIndex((call) => call.batchNo === batchNo)
    waiting.splice(index, 1)[0]?.answer(result)
  }
  return { store, begun, answer }
}

describe('lanes', () => {
  it('one writes batch after batch, in order', async () => {
    const { store, begun, answer } = gatedStore()
    const { writer, committed } = writerWith(store)
    const segment = segmentOf('a')
    for (let n = 1; n <= 3; n++) writer.add(batchOf(n, [segment]), { contractOf })
    for (let n = 1; n <= 3; n++) {
      await vi.waitFor(() => expect(begun()).toEqual([n]), PATIENTLY)
      expect(writer.pending).toBe(4 - n)
      answer(n)
    }
    await writer.drained()

    expect(committed).toEqual([1, 2, 3])
    expect(writer.pending).toBe(0)
  })

  it('several write at once, and never more than there are', async () => {
    const { store, begun, answer } = gatedStore()
    const { writer, committed } = writerWith(store, { lanes: 3 })
    const segment = segmentOf('a')
    for (let n = 1; n <= 5; n++) writer.add(batchOf(n, [segment]), { contractOf })
    await vi.waitFor(() => expect(begun()).toEqual([1, 2, 3]), PATIENTLY)
    answer(2)
    await vi.waitFor(() => expect(begun()).toEqual([1, 3, 4]), PATIENTLY)
    answer(4)
    await vi.waitFor(() => expect(begun()).toEqual([1, 3, 5]), PATIENTLY)
    for (const n of [5, 1, 3]) answer(n)
    await writer.drained()

    expect(committed).toEqual([2, 4, 5, 1, 3])
  })
})

describe('a database that says nothing', () => {
  it('is noticed by how long no batch was committed', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { store, begun, answer } = gatedStore()
    const { writer } = writerWith(store)
    vi.advanceTimersByTime(60_000)
    expect(writer.waitedMs).toBe(0)
    for (const n of [1, 2]) writer.add(batchOf(n, [segmentOf('a')]), { contractOf })
    await vi.waitFor(() => expect(begun()).toEqual([1]), PATIENTLY)
    vi.advanceTimersByTime(15_000)
    // More of them are no answer.
    writer.add(batchOf(3, [segmentOf('a')]), { contractOf })
    expect(writer.waitedMs).toBeGreaterThanOrEqual(15_000)
    answer(1)
    await vi.waitFor(() => expect(begun()).toEqual([2]), PATIENTLY)
    expect(writer.waitedMs).toBeLessThan(15_000)
    answer(2)
    await vi.waitFor(() => expect(begun()).toEqual([3]), PATIENTLY)
    answer(3)
    await writer.drained()
    vi.advanceTimersByTime(15_000)
    expect(writer.waitedMs).toBe(0)
  })
})

describe('a batch of which the database keeps less than it took', () => {
  it('leaves no tick unaccounted for, and says how many are lost', async () => {
    const { writer, counts, vanished } = writerWith(async () => stored({ acceptedTicks: 6, quarantinedTicks: 1 }))
    counts.received = 10
    counts.journaled = 10
    writer.add(batchOf(1, [segmentOf('a')], 10), { contractOf })
    await writer.drained()

    expect(vanished).toEqual([3])
    expect(counts).toMatchObject({ written: 6, quarantined: 1, inFlight: 0 })
    expect(droppedTotal(counts)).toBe(3)
    expect(unaccounted(counts)).toBe(0)
  })
})

describe('a batch that the database does not take', () => {
  it('is tried again, the same and with longer pauses, until it is taken; the batches behind it wait', async () => {
    const calls: [number, number][] = []
    let failures = 3
    const { writer, committed, retries } = writerWith(async ({ batchNo, blocks }) => {
      calls.push([batchNo, blocks.length])
      if (failures-- > 0) throw new Error('connection refused')
      return stored()
    })
    const segment = segmentOf('a')
    writer.add(batchOf(1, [segment]), { contractOf })
    writer.add(batchOf(2, [segment]), { contractOf })
    await writer.drained()

    expect(calls).toEqual([1, 1, 1, 1, 2].map((n) => [n, 1]))
    expect(committed).toEqual([1, 2])
    expect(retries.map(({ error }) => (error as Error).message)).toEqual(Array.from({ length: 3 }, () => 'connection refused'))
    for (const [i, { retryMs }] of retries.entries()) {
      expect(retryMs).toBeGreaterThanOrEqual(50 * 2 ** i)
      expect(retryMs).toBeLessThanOrEqual(100 * 2 ** i)
    }
  })

  it('is reported as long as it is not committed', async () => {
    const { store, begun, answer } = gatedStore()
    const { writer } = writerWith(store, { lanes: 2 })
    for (let n = 1; n <= 2; n++) writer.add(batchOf(n, [segmentOf('a')]), { contractOf })
    await vi.waitFor(() => expect(begun()).toEqual([1, 2]), PATIENTLY)
    expect([writer.failing, writer.uncommitted]).toEqual([0, 2])
    for (let failures = 0; failures < 2; failures++) {
      answer(1, new Error('connection refused'))
      await vi.waitFor(() => expect(begun()).toEqual([2, 1]), PATIENTLY)
      expect(writer.failing).toBe(1)
    }
    answer(2)
    answer(1)
    await writer.drained()
    expect([writer.failing, writer.uncommitted]).toEqual([0, 0])
  })

  it('is tried again when its own segment cannot be read', async () => {
    const { writer, retries, committed } = writerWith(async () => stored())
    const batch = batchOf(1, [segmentOf('/nowhere/1.tape')])
    batch.blocks[0] = { ...batch.blocks[0], payload: undefined } as (typeof batch.blocks)[0]
    writer.add(batch, { contractOf })
    await vi.waitFor(() => expect(retries).toHaveLength(1), PATIENTLY)

    expect(retries[0]?.error).toMatchObject({ code: 'ENOENT' })
    await writer.stop()
    expect(committed).toEqual([])
  })

  it('is counted once, whatever happened on the way', async () => {
    let calls = 0
    const { writer, counts } = writerWith(async () => {
      if (++calls === 1) throw new Error('the reply to COMMIT was lost')
      return stored({ alreadyCommitted: true, acceptedTicks: 3, quarantinedTicks: 1 })
    })
    counts.received = counts.journaled = 4
    writer.add(batchOf(1, [segmentOf('a')], 4), { contractOf })
    await writer.drained()

    expect(counts).toMatchObject({ written: 3, quarantined: 1, inFlight: 0, batches: { committed: 0, alreadyCommitted: 1 } })
    expect(unaccounted(counts)).toBe(0)
  })
})

describe('segments', () => {
  it('are released when they are closed and all of their batches are committed, not before', async () => {
    const { store, begun, answer } = gatedStore()
    const { writer, released } = writerWith(store, { lanes: 2 })
    const a = segmentOf('a')
    const b = segmentOf('b')
    writer.add(batchOf(1, [a]), { contractOf })
    writer.add(batchOf(2, [a, b]), { contractOf })
    await vi.waitFor(() => expect(begun()).toEqual([1, 2]), PATIENTLY)
    answer(1)
    writer.segmentClosed(Object.assign(a, { closed: true }))
    await vi.waitFor(() => expect(a.uncommitted).toBe(1), PATIENTLY)
    expect(released).toEqual([])
    answer(2)
    await writer.drained()
    expect(released).toEqual(['a'])
    expect(b.uncommitted).toBe(0)

    writer.segmentClosed(Object.assign(b, { closed: true }))
    await writer.drained()
    expect(released).toEqual(['a', 'b'])
  })

  it('are released oldest first, so that nothing is missing between those that are left', async () => {
    const { store, begun, answer } = gatedStore()
    const { writer, released } = writerWith(store, { lanes: 3 })
    const segments = ['a', 'b', 'c'].map(segmentOf)
    for (const [i, segment] of segments.entries()) {
      writer.add(batchOf(i + 1, [segment]), { contractOf })
      writer.segmentClosed(Object.assign(segment, { closed: true }))
    }
    await vi.waitFor(() => expect(begun()).toHaveLength(3), PATIENTLY)
    answer(3)
    answer(2)
    await vi.waitFor(() => expect(segments.map(({ uncommitted }) => uncommitted)).toEqual([1, 0, 0]), PATIENTLY)
    expect(released).toEqual([])
    answer(1)
    await writer.drained()

    expect(released).toEqual(['a', 'b', 'c'])
  })

  it('are put away one after the other: a crash in between leaves the newer ones', async () => {
    const begun: string[] = []
    const finish: (() => void)[] = []
    const release = ({ path }: { path: string }) => {
      begun.push(path)
      return new Promise<void>((resolve) => finish.push(resolve))
    }
    const { writer } = writerWith(async () => stored(), { release })
    for (const name of ['a', 'b']) writer.segmentClosed(segmentOf(name))
    await vi.waitFor(() => expect(begun).toEqual(['a']), PATIENTLY)
    // Time enough for the other one to begin.
    await new Promise(setImmediate)
    expect(begun).toEqual(['a'])
    finish[0]?.()
    await vi.waitFor(() => expect(begun).toEqual(['a', 'b']), PATIENTLY)
    finish[1]?.()
    await writer.drained()
  })

  it('without a batch are released at once', async () => {
    const { writer, released } = writerWith(async () => stored())
    writer.segmentClosed({ path: 'empty', bytes: 0, uncommitted: 0, closed: true })
    await writer.drained()

    expect(released).toEqual(['empty'])
  })

  it('that cannot be put away are reported, and stop no other', async () => {
    const { writer, released, releaseErrors } = writerWith(async () => stored(), {
      release: async ({ path }) => {
        if (path === 'a') throw new Error('no space left')
        released.push(path)
      },
    })
    for (const path of ['a', 'b']) writer.segmentClosed({ path, bytes: 0, uncommitted: 0, closed: true })
    await writer.drained()

    expect(releaseErrors).toEqual(['a'])
    expect(released).toEqual(['b'])
  })
})

describe('a writer that stops', () => {
  it('gives up waiting, leaves the rest and releases nothing of it', async () => {
    let calls = 0
    const { writer, released, committed, retries } = writerWith(async () => {
      calls++
      throw new Error('connection refused')
    })
    const a = segmentOf('a')
    for (let n = 1; n <= 3; n++) writer.add(batchOf(n, [a]), { contractOf })
    writer.segmentClosed(Object.assign(a, { closed: true }))
    await vi.waitFor(() => expect(retries).toHaveLength(1), PATIENTLY)
    const before = calls
    await writer.stop()

    expect(calls).toBe(before)
    expect({ committed, released, pending: writer.pending }).toEqual({ committed: [], released: [], pending: 0 })
    expect([a.uncommitted, writer.uncommitted]).toEqual([3, 3])
    writer.add(batchOf(4, [a]), { contractOf })
    await writer.drained()
    expect(calls).toBe(before)
    expect(writer.uncommitted).toBe(4)
  })

  it('still takes the answer of the batch that is on its way', async () => {
    const { store, begun, answer } = gatedStore()
    const { writer, committed } = writerWith(store)
    const a = segmentOf('a')
    for (let n = 1; n <= 2; n++) writer.add(batchOf(n, [a]), { contractOf })
    await vi.waitFor(() => expect(begun()).toEqual([1]), PATIENTLY)
    const stopped = writer.stop()
    answer(1)
    await stopped

    expect(committed).toEqual([1])
    expect(begun()).toEqual([])
  })
})

describe('what came from an earlier run', () => {
  it('is counted apart, and its contracts are its own', async () => {
    const asked: unknown[] = []
    const { writer, counts } = writerWith(async (_, contractOf) => {
      asked.push(contractOf(0))
      return stored({ acceptedTicks: 5, quarantinedTicks: 2 })
    })
    const contract = { kind: 'stock', symbol: 'TWX', currency: 'USD' } as const
    writer.add(batchOf(1, [segmentOf('a')], 7), { contractOf: () => contract, recovered: true })
    await writer.drained()

    expect(counts).toMatchObject({ written: 0, quarantined: 0, inFlight: 0, recovered: { committed: 7 }, batches: { committed: 1 } })
    expect(asked).toEqual([contract])
    expect(unaccounted(counts)).toBe(0)
  })
})

describe('memory', () => {
  it('is given back for the payloads that were kept, when their batch is committed', async () => {
    const { store, begun, answer } = gatedStore()
    const { writer } = writerWith(store)
    const freed: number[] = []
    writer.add(batchOf(1, [segmentOf('a'), segmentOf('b')]), { contractOf, freed: (bytes) => freed.push(bytes) })
    await vi.waitFor(() => expect(begun()).toEqual([1]), PATIENTLY)
    expect(freed).toEqual([])
    answer(1)
    await writer.drained()

    expect(freed).toEqual([16])
  })
})

describe('received = written + quarantined + dropped + in flight', () => {
  it('holds at every step from the feed to the commit', async () => {
    const directory = await temporaryFolder()
    let checks = 0
    const check = () => {
      checks++
      expect(unaccounted(counts)).toBe(0)
    }
    let failures = 3
    let syncs = 0
    const seen: number[] = []
    const { writer, counts, released } = writerWith(
      async ({ blocks }) => {
        check()
        if (failures-- > 0) throw new Error('connection refused')
        let acceptedTicks = 0
        let quarantinedTicks = 0
        for (const block of blocks)
          for (const cursor = new RecordCursor(block); cursor.next(); ) {
            if (!cursor.isTick) continue
            seen.push(cursor.number(2))
            if (cursor.isQuarantined) quarantinedTicks++
            else acceptedTicks++
          }
        return stored({ acceptedTicks, quarantinedTicks })
      },
      { lanes: 3, onCommit: check, onRetry: check },
    )
    const recorder = new Recorder({
      clock: createWallClock(),
      counts,
      judge: new Validator({ rules: RULES, settings: defaultSettings(RULES), onRuleError: unexpected }),
      openJournal: (sessionId) => {
        const journal: Journal = new Journal({
          batchRows: 20,
          batchMs: 5,
          fsyncMs: 2,
          segmentBytes: 5000,
          directory,
          sessionId,
          bound: unbounded(),
          onBatch: (batch) => writer.add(batch, { contractOf, freed: (bytes) => journal.released(bytes) }),
          onSegmentClosed: (segment) => writer.segmentClosed(segment),
          onSync() {
            syncs++
            check()
          },
          onError: unexpected,
        })
        return journal
      },
      detail: {},
      config: {},
      onSubscriberError: unexpected,
    })
    const quote = (bidPrice: number, askPrice: number) =>
      recorder.tick({ kind: 'quote', seq: 0, tsUs: 0, instrument: 0, bidPrice, askPrice }, 0)

    quote(1, 2)
    check()
    recorder.begin()
    const instrument = recorder.instrumentOf({ kind: 'stock', symbol: 'TWX', currency: 'USD' })
    recorder.lineOpened(instrument)
    for (let i = 1; i <= 500; i++) {
      if (i % 50 === 0) recorder.drop('unknown-line')
      else quote(i % 10 === 0 ? -1 : i - 1, i)
      if (i === 250) {
        const ended = recorder.end('clock-step', { keepLines: true })
        recorder.begin()
        await ended
      }
      check()
      if (i % 100 > 0) continue
      const before = syncs
      await vi.waitFor(() => expect(syncs).toBeGreaterThan(before), PATIENTLY)
    }
    await recorder.end('test')
    await writer.drained()

    expect(counts).toMatchObject({ received: 501, inFlight: 0, written: 450, quarantined: 40 })
    expect(droppedTotal(counts)).toBe(11)
    expect([...counts.dropped]).toEqual([
      ['no-session', 1],
      ['unknown-line', 10],
    ])
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1).filter((i) => i % 50 !== 0))
    expect(released.length).toBeGreaterThan(2)
    expect(checks).toBeGreaterThan(500)
  })
})
