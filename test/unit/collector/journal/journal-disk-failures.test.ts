import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { segmentName } from '../../../../collector/journal/directory.ts'
import { verifyTape } from '../../../../db/tape/inspect.ts'
import * as j from './journal-support.ts'
import { PATIENTLY } from '../../../support/waiting.ts'

const NEVER = { batchRows: 1_000_000, batchMs: 600_000, fsyncMs: 600_000 }

describe('when the disk fails', () => {
  /** Has the next call fail, and the journal's pause behind it pass at once. */
  async function failing(call: 'writev' | 'datasync' | 'truncate', code: string, skip = 0): Promise<void> {
    const handle = await j.fileHandlePrototype()
    const original = handle[call] as (...args: unknown[]) => Promise<unknown>
    let calls = 0
    handle[call] = function (this: unknown, ...args: unknown[]) {
      if (calls++ === skip) return Promise.reject(Object.assign(new Error(`${code}: ${call}`), { code }))
      return original.apply(this, args)
    }
    onTestFinished(() => {
      handle[call] = original
    })
  }

  function withoutPauses(): void {
    const { setTimeout } = globalThis
    const hurried = vi.spyOn(globalThis, 'setTimeout')
    hurried.mockImplementation((act, ms) => setTimeout(act, ms === 1000 ? 0 : ms))
    onTestFinished(() => hurried.mockRestore())
  }

  it.each([
    ['the header cannot be written', 'writev', 'ENOSPC', 0, 'folder'],
    ['the header cannot be made durable', 'datasync', 'EIO', 0, 'folder'],
    ['a block cannot be written', 'writev', 'ENOSPC', 1, 1],
    ['a block cannot be made durable', 'datasync', 'EIO', 1, 1],
    ['a later block cannot be made durable', 'datasync', 'EIO', 2, 1],
  ] as const)('%s: it says so, goes on in a new segment and loses nothing', async (_, call, code, skip, where) => {
    withoutPauses()
    await failing(call, code, skip)
    const { sync, journal, batches, errors, directory, closedSegments } = await j.journalIn(await j.temporaryFolder(), { batchRows: 4 })
    await sync(j.started(), j.contract(2), j.quote(3))
    for (const record of j.quotes(4, 9)) journal.append(record)
    await journal.close()

    expect(errors).toEqual([{ code, path: where === 'folder' ? directory : join(directory, segmentName(j.SESSION_ID, where)) }])
    expect(await j.contentsOf(batches)).toEqual([
      [1, [1, 2, 3, 4]],
      [2, [5, 6, 7, 8]],
      [3, [9]],
    ])
    const onDisk = (await j.blocksIn(directory)).filter(({ batchNo }) => batchNo > 0)
    expect(onDisk.flatMap(({ seqs }) => seqs)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    const segments = (await j.segmentsIn(directory)).map((name) => join(directory, name))
    // A segment in which nothing was ever durable is not left behind.
    expect(new Set(onDisk.map(({ path }) => path))).toEqual(new Set(segments))
    expect(closedSegments.map(({ path }) => path)).toEqual(segments)
    for (const path of segments) expect(await verifyTape(path)).toMatchObject({ ok: true })

    const recovered = await j.recoverOne(directory)
    expect((await j.contentsOf(recovered.batches)).slice(0, 3)).toEqual(await j.contentsOf(batches))
    expect(recovered.batches.map(({ ticks }) => ticks)).toEqual([2, 4, 1, 0])
  })

  it('stops waiting for it when told to give up, says what is lost and keeps what was durable', async () => {
    withoutPauses()
    const handle = await j.fileHandlePrototype()
    const datasync = handle.datasync as () => Promise<void>
    onTestFinished(() => {
      handle.datasync = datasync
    })
    const giveUp = new AbortController()
    const lost: number[] = []
    const whole: boolean[] = []
    const onClosed = (isWhole: boolean) => whole.push(isWhole)
    const options = { batchRows: 4, giveUp: giveUp.signal, onLost: (ticks: number) => lost.push(ticks), onClosed }
    const { sync, journal, batches, errors, directory, closedSegments } = await j.journalIn(await j.temporaryFolder(), options)
    await sync(j.started(), j.contract(2), ...j.quotes(3, 5))
    handle.datasync = () => Promise.reject(Object.assign(new Error('EIO: datasync'), { code: 'EIO' }))
    for (const record of j.quotes(6, 13)) journal.append(record)
    const closed = journal.close()
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(2), PATIENTLY)
    expect(lost).toEqual([])
    giveUp.abort()
    await closed
    handle.datasync = datasync

    expect(lost).toEqual([8])
    // The newest segment is not released, so that the next start finds the session open.
    expect([whole, closedSegments]).toEqual([[false], []])
    expect(await j.contentsOf(batches)).toEqual([[1, [1, 2, 3, 4]]])
    expect((await j.blocksIn(directory)).flatMap(({ seqs }) => seqs)).toEqual([1, 2, 3, 4, 5])
    expect(await j.contentsOf((await j.recoverOne(directory)).batches)).toEqual([
      [1, [1, 2, 3, 4]],
      [2, [5]],
      [3, [6]],
    ])
  })

  it('gets over a name that is taken', async () => {
    withoutPauses()
    const folder = await j.temporaryFolder()
    await mkdir(join(folder, segmentName(j.SESSION_ID, 1)))
    const { journal, batches, errors, directory } = await j.journalIn(folder)
    journal.append(j.quote(1))
    await journal.close()

    expect(errors).toEqual([{ code: 'EEXIST', path: directory }])
    expect(await j.contentsOf(batches)).toEqual([[1, [1]]])
    expect(batches[0]?.blocks[0]?.segment.path).toBe(join(folder, segmentName(j.SESSION_ID, 2)))
  })

  it('leaves a tail in doubt that recovery reads once, though it could not be cut', async () => {
    withoutPauses()
    await failing('datasync', 'EIO', 2)
    await failing('truncate', 'EIO')
    const { sync, journal, batches, directory } = await j.journalIn(await j.temporaryFolder(), { batchRows: 4 })
    await sync(j.started(), j.contract(2), j.opened(3))
    for (const record of j.quotes(4, 6)) journal.append(record)
    await vi.waitFor(async () => expect(await j.segmentsIn(directory)).toHaveLength(2), PATIENTLY)
    await journal.close()

    const blocks = await j.blocksIn(directory)
    const seqs = blocks.filter(({ batchNo }) => batchNo > 0).flatMap((block) => block.seqs)
    expect(seqs.length).toBeGreaterThan(new Set(seqs).size)
    const recovered = await j.recoverOne(directory)
    expect(await j.contentsOf(recovered.batches.slice(0, -1))).toEqual(await j.contentsOf(batches))
    expect((await j.recordsOf(recovered.batches.at(-1) ?? expect.unreachable())).map(({ kind }) => kind)).toEqual(['line', 'session'])
  })

  it('finishes a write that the system made short', async () => {
    const handle = await j.fileHandlePrototype()
    const writev = handle.writev as (buffers: Buffer[], position: number) => Promise<{ bytesWritten: number }>
    let calls = 0
    handle.writev = function (this: unknown, buffers: Buffer[], position: number) {
      if (++calls !== 2) return writev.call(this, buffers, position)
      return writev.call(this, [Buffer.concat(buffers).subarray(0, 100)], position)
    }
    onTestFinished(() => {
      handle.writev = writev
    })
    const { journal, batches, errors, directory } = await j.journalIn(await j.temporaryFolder(), { ...NEVER, batchRows: 5 })
    for (const record of j.quotes(1, 5)) journal.append(record)
    await journal.close()

    expect(errors).toEqual([])
    expect(await j.contentsOf(batches)).toEqual([[1, [1, 2, 3, 4, 5]]])
    expect((await j.blocksIn(directory)).flatMap(({ seqs }) => seqs)).toEqual([1, 2, 3, 4, 5])
  })
})
