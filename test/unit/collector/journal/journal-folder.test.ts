/** The folder of a journal that disappears while it is written. */

import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { JournalBound } from '../../../../collector/journal/bound.ts'
import { verifyTape } from '../../../../db/tape/inspect.ts'
import * as j from './journal-support.ts'

const PATIENCE = { timeout: 8000, interval: 10 }

async function watched() {
  const folder = join(await j.temporaryFolder(), 'journal')
  const bound = new JournalBound({ limitBytes: 1e9, memoryBytes: 1e9, minFreeBytes: 0 })
  const gone: { path: string; missing: string[] }[] = []
  const options = {
    bound,
    segmentBytes: 400,
    onFolderGone: (path: string, missing: readonly { path: string }[]) => gone.push({ path, missing: missing.map((other) => other.path) }),
  }
  const journal = await j.journalIn(folder, options)
  await journal.sync(j.started(), j.contract(2), j.quote(3), j.quote(4))
  await journal.sync(j.quote(5))
  await journal.sync(j.quote(6))
  expect(await j.segmentsIn(folder)).toHaveLength(2)
  return { ...journal, folder, bound, gone }
}

describe('the folder of a journal', () => {
  it.each([
    ['deleted', (folder: string) => rm(folder, { recursive: true })],
    ['moved away', (folder: string) => rename(folder, `${folder}.old`)],
    ['replaced by another', (folder: string) => rename(folder, `${folder}.old`).then(() => mkdir(folder))],
  ])('that was %s is made again, with all of the open segment, though nothing is recorded just then', async (_, remove) => {
    const { folder, bound, gone, journal, closedSegments, batches } = await watched()
    const [first = '', second = ''] = await j.segmentsIn(folder)
    const before = await j.segmentRecords(join(folder, second))
    await remove(folder)
    await vi.waitFor(() => expect(gone).toEqual([{ path: join(folder, second), missing: [join(folder, first)] }]), PATIENCE)
    await vi.waitFor(async () => expect(await j.segmentsIn(folder)).toEqual([second]), PATIENCE)

    expect(await j.segmentRecords(join(folder, second))).toEqual(before)
    expect(bound.fault).toContain(first)
    expect(bound.trouble).toBe(bound.fault)
    journal.append(j.quote(7))
    await journal.durable()
    expect(await verifyTape(join(folder, second))).toMatchObject({ ok: true })
    const recovered = await j.recoverOne(await j.killed(folder))
    expect(recovered.head).toMatchObject({ batchNo: 1, isBegun: true })
    await journal.close()
    // The rows of the lost file are still in memory, and it needs no putting away.
    expect((await j.contentsOf(batches)).flatMap(([, seqs]) => seqs)).toEqual([1, 2, 3, 4, 5, 6, 7])
    for (const segment of closedSegments.filter(({ path }) => path.endsWith(first))) bound.forget(segment)
    expect(bound.fault).toBeUndefined()
  })

  it('takes nothing while it cannot be made again, and loses nothing of what comes meanwhile', async () => {
    const { folder, bound, errors, journal } = await watched()
    await rm(folder, { recursive: true })
    await writeFile(folder, 'in the way')
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(0), PATIENCE)
    journal.append(j.quote(7))
    await vi.waitFor(() => expect(bound.waitingTicks).toBe(1), PATIENCE)
    expect(bound.diskFails).toBe(true)
    await rm(folder)
    await journal.durable()

    const rows = (await j.blocksIn(folder)).filter(({ batchNo }) => batchNo > 0)
    expect(rows.flatMap(({ seqs }) => seqs).slice(-2)).toEqual([6, 7])
    await journal.close()
  })

  it('that cannot be made again before the end leaves a session without an end', async () => {
    const giveUp = new AbortController()
    const folder = join(await j.temporaryFolder(), 'journal')
    const closed: boolean[] = []
    const options = { giveUp: giveUp.signal, onClosed: (isWhole: boolean) => closed.push(isWhole) }
    const { journal, sync, closedSegments, errors } = await j.journalIn(folder, options)
    await sync(j.started(), j.quote(2))
    await rm(folder, { recursive: true })
    await writeFile(folder, 'in the way')
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(0), PATIENCE)
    giveUp.abort()
    await journal.close()

    expect(closed).toEqual([false])
    expect(closedSegments).toEqual([])
  })
})
