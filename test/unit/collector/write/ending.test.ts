import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { JournalBound } from '../../../../collector/journal/bound.ts'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { Ending } from '../../../../collector/write/ending.ts'
import { Writer } from '../../../../collector/write/writer.ts'
import { unexpected } from '../../../support/unexpected.ts'

const FOREVER = new Promise<never>(() => undefined)

function endingWith({ timeoutMs = 60_000, store = () => FOREVER }: { timeoutMs?: number; store?: () => Promise<never> } = {}) {
  const counts = createCounts()
  const bound = new JournalBound({ limitBytes: 1e9, memoryBytes: 1e9, minFreeBytes: 0 })
  const force = new AbortController()
  const said: [string, unknown][] = []
  const writer = new Writer({
    lanes: 1,
    counts,
    store,
    release: unexpected,
    onVanished: unexpected,
    onDamaged: unexpected,
    onCommit: unexpected,
    onRetry: () => undefined,
    onReleaseError: unexpected,
  })
  const ending = new Ending({
    writer,
    bound,
    counts,
    journalDirectory: '/journal',
    force: force.signal,
    timeoutMs,
    events: {
      waitingForDisk: (figures) => void said.push(['disk', figures]),
      waitingForDatabase: (figures) => void said.push(['database', figures]),
      leftInJournal: (figures) => void said.push(['left', figures]),
    },
  })
  const waiting = () => {
    const segment = { path: 'a', bytes: 0, uncommitted: 1, closed: false }
    const content = { records: 1, ticks: 5, firstSeq: 1, firstTsUs: 1, lastTsUs: 1 }
    counts.journaled = 5
    const blocks = [{ segment, offset: 0, bytes: 56, ...content, payload: new Uint8Array(8) }]
    writer.add({ sessionId: 1, batchNo: 1, ticks: 5, blocks }, { contractOf: () => undefined })
  }
  /** What the journal does: it is closed when the disk has everything, or when that is given up. */
  const closing = () => new Promise<void>((resolve) => ending.giveUp.addEventListener('abort', () => resolve(), { once: true }))
  return { ending, force, bound, said, waiting, closing }
}

describe('the end of a recording', () => {
  it('says at once that the disk takes nothing, how many ticks wait and where, and again, until a second signal', async () => {
    const { ending, force, bound, said, closing } = endingWith()
    bound.setFault('disk', 'the journal cannot be written (ENOSPC)')
    bound.wait(1000, 10_209)
    const ended = ending.run(closing)
    const figures = { ticks: 10_209, directory: '/journal', fault: 'the journal cannot be written (ENOSPC)', secondsLeft: 60 }
    expect(said).toEqual([['disk', figures]])
    await vi.waitFor(() => expect(said.length).toBeGreaterThan(2), { timeout: 5000 })
    expect(ending.giveUp.aborted).toBe(false)
    force.abort()
    await ended
    expect(ending.giveUp.aborted).toBe(true)
  })

  it('gives up by itself after its time', async () => {
    const { ending, closing } = endingWith({ timeoutMs: 30 })
    await ending.run(closing)
    expect(ending.giveUp.aborted).toBe(true)
  })

  it('does not wait for a write that hangs', async () => {
    const { ending, force } = endingWith()
    const ended = ending.run(() => FOREVER)
    force.abort()
    await expect(ended).resolves.toBeUndefined()
  })

  it('says what waits for the database, and what is left to the next start', async () => {
    const { ending, force, said, waiting } = endingWith()
    waiting()
    const ended = ending.run(async () => undefined)
    await vi.waitFor(() => expect(said).toMatchObject([['database', { ticks: 5, batches: 1 }]]), { timeout: 5000 })
    force.abort()
    await ended
    expect(said.at(-1)).toEqual(['left', { ticks: 5, batches: 1 }])
  })

  it('says nothing when everything is there', async () => {
    const { ending, said } = endingWith()
    await ending.run(() => sleep(1))
    expect(said).toEqual([])
  })
})
