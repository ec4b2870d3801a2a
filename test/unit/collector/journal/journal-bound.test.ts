import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { JournalBound } from '../../../../collector/journal/bound.ts'
import { verifyTape } from '../../../../db/tape/inspect.ts'
import type { SegmentRef } from '../../../../collector/journal/batch.ts'
import * as j from './journal-support.ts'
import { PATIENTLY } from '../../../support/waiting.ts'

const LIMITS = { limitBytes: 1000, memoryBytes: 100, minFreeBytes: 0 }

async function bytesIn(directory: string): Promise<number> {
  let bytes = 0
  for (const name of await j.segmentsIn(directory)) bytes += (await stat(join(directory, name))).size
  return bytes
}

describe("the journal's bound", () => {
  it('refuses ticks at its limits, and takes them again when a tenth is free', () => {
    const bound = new JournalBound(LIMITS)
    const segment = { path: '', bytes: 0, uncommitted: 0, closed: false }
    const refusals = [
      [999, 0],
      [1000, 0],
      [900, 0],
      [899, 0],
      [950, 50],
      [850, 50],
      [849, 50],
      [0, 100],
      [0, 90],
      [920, 89],
      [0, 89],
    ].map(([segmentBytes = 0, waitingBytes = 0]) => {
      bound.grow(segment, segmentBytes - bound.segmentBytes)
      bound.wait(waitingBytes - bound.waitingBytes, 0)
      return bound.refusal
    })
    expect(refusals).toEqual([
      undefined,
      'journal-full',
      'journal-full',
      undefined,
      'journal-full',
      'journal-full',
      undefined,
      'journal-failed',
      'journal-failed',
      'journal-full',
      undefined,
    ])
  })

  it('has a fault while files of unreleased segments are missing, until the last of them is released', () => {
    const bound = new JournalBound(LIMITS)
    const [one, two, released] = ['one', 'two', 'released'].map((path) => ({ path, bytes: 0, uncommitted: 0, closed: true })) as [
      SegmentRef,
      SegmentRef,
      SegmentRef,
    ]
    bound.setMissing([released])
    expect(bound.fault).toBeUndefined()
    for (const segment of [one, two]) bound.grow(segment, 10)
    bound.setMissing([one, two])
    expect(bound.fault).toContain('(one, two)')
    bound.forget(one)
    expect(bound.fault).toContain('have disappeared')
    bound.forget(two)
    expect(bound.fault).toBeUndefined()
  })

  it('says why ticks are dropped: the database takes too little, or the disk does', () => {
    const bound = new JournalBound(LIMITS)
    const segment = { path: '', bytes: 0, uncommitted: 0, closed: false }
    expect(bound.trouble).toBeUndefined()
    bound.grow(segment, 1000)
    expect(bound.trouble).toContain('the journal is full')
    bound.wait(100, 1)
    expect(bound.trouble).toContain('memory is full')
    bound.settle(100, 1)
    bound.forget(segment)
    bound.setFault('disk', 'the journal cannot be written (EIO)')
    expect(bound.trouble).toContain('ticks wait in memory')
  })

  it('knows the size of the segments to the byte, also behind a failed write that could not be cut off', async () => {
    const bound = new JournalBound(LIMITS)
    const handle = await j.fileHandlePrototype()
    const { datasync, truncate } = handle as { datasync: () => Promise<void>; truncate: () => Promise<void> }
    const failure = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }))
    let syncs = 0
    handle.datasync = function (this: unknown) {
      return ++syncs === 4 ? failure() : datasync.call(this)
    }
    handle.truncate = failure
    onTestFinished(() => void Object.assign(handle, { datasync, truncate }))
    const { journal, sync, directory, closedSegments, errors } = await j.journalIn(await j.temporaryFolder(), { bound, segmentBytes: 500 })
    await sync(j.started(), j.contract(2))
    await sync(j.quote(3))
    expect(bound.segmentBytes).toBe(await bytesIn(directory))
    for (const record of j.quotes(4, 10)) journal.append(record)
    await journal.close()

    expect(errors).toHaveLength(1)
    expect(closedSegments.length).toBeGreaterThan(1)
    expect(bound.waitingBytes).toBe(0)
    expect(bound.segmentBytes).toBe(await bytesIn(directory))
    const recovered = await j.recoverOne(directory)
    expect(recovered.segments.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(await bytesIn(directory))
  })

  it('counts what waits while the disk fails, and no more of it when it is written or given up', async () => {
    const bound = new JournalBound({ ...LIMITS, memoryBytes: 50_000 })
    const handle = await j.fileHandlePrototype()
    const datasync = handle.datasync
    onTestFinished(() => void Object.assign(handle, { datasync }))
    const giveUp = new AbortController()
    const { journal, sync } = await j.journalIn(await j.temporaryFolder(), { bound, giveUp: giveUp.signal })
    await sync(j.started())
    handle.datasync = () => Promise.reject(new Error('EIO'))
    journal.append(j.quote(2))
    await vi.waitFor(() => expect([bound.diskFails, bound.waitingBytes > 0]).toEqual([true, true]), PATIENTLY)
    handle.datasync = datasync
    await vi.waitFor(() => expect([bound.diskFails, bound.waitingBytes]).toEqual([false, 0]), { timeout: 5000 })
    handle.datasync = () => Promise.reject(new Error('EIO'))
    journal.append(j.quote(3))
    await vi.waitFor(() => expect(bound.diskFails).toBe(true), PATIENTLY)
    giveUp.abort()
    await journal.close()
    expect(bound.waitingBytes).toBe(0)
  })

  it('leaves room on the disk to others: until there is some, records wait in memory', async () => {
    const limits = { ...LIMITS, memoryBytes: 1e9, minFreeBytes: 2 ** 60 }
    const bound = new JournalBound(limits)
    const { journal, batches, errors, directory } = await j.journalIn(await j.temporaryFolder(), { bound })
    for (const record of [j.started(), ...j.quotes(2, 9)]) journal.append(record)
    await vi.waitFor(() => expect(errors).toEqual([{ code: 'ENOSPC', path: directory }]), PATIENTLY)
    expect(await j.segmentsIn(directory)).toEqual([])
    limits.minFreeBytes = 1
    await journal.close()

    expect(await j.contentsOf(batches)).toEqual([[1, [1, 2, 3, 4, 5, 6, 7, 8, 9]]])
  })
})

describe('a journal that is to begin a segment', () => {
  it('does so with the next record, so that all before it can be released once that is durable', async () => {
    const { journal, sync, batches, closedSegments, directory } = await j.journalIn(await j.temporaryFolder())
    await sync(j.started(), j.contract(2), j.quote(3))
    journal.append(j.quote(4))
    journal.beginSegment()
    journal.append(j.interrupted(5, 4))
    await vi.waitFor(() => expect(closedSegments).toHaveLength(1), PATIENTLY)
    await journal.close()

    const onDisk = await j.blocksIn(directory)
    expect(onDisk.map(({ batchNo, seqs }) => [batchNo, seqs])).toEqual([
      [1, [1, 2, 3]],
      [1, [4]],
      [0, [2]],
      [1, [5]],
    ])
    expect(new Set(onDisk.map(({ path }) => path)).size).toBe(2)
    for (const name of await j.segmentsIn(directory)) expect(await verifyTape(join(directory, name))).toMatchObject({ ok: true })
    expect(await j.contentsOf(batches)).toEqual([[1, [1, 2, 3, 4, 5]]])
  })
})
