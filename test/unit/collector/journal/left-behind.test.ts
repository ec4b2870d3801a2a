import { cp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { JournalBound } from '../../../../collector/journal/bound.ts'
import { CollectorFile } from '../../../../collector/journal/collector-file.ts'
import { putAway, segmentName } from '../../../../collector/journal/directory.ts'
import { type KnownSessions, LeftBehind } from '../../../../collector/journal/left-behind.ts'
import type { Gap, GapStart } from '../../../../collector/gaps/gap.ts'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { Writer } from '../../../../collector/write/writer.ts'
import { encodeFileHead } from '../../../../db/tape/file-layout.ts'
import type { SessionEvent, TapeRecord } from '../../../../market/tick.ts'
import { unexpected } from '../../../support/unexpected.ts'
import { PATIENTLY } from '../../../support/waiting.ts'
import * as j from './journal-support.ts'

const SECOND_US = 1_000_000
const NOW_US = j.BASE_US + 60 * SECOND_US
const CRASH = 'collector-crash'

const begun = (clock = 'wall'): SessionEvent => ({ ...j.started(), detail: { clock } })

/** A data directory in which these sessions crashed, each with its records durable. */
async function crashedAs(sessions: Record<number, TapeRecord[]>, clock = 'wall'): Promise<string> {
  const dataDir = await j.temporaryFolder()
  const file = await CollectorFile.open({ dataDir, onError: unexpected })
  for (const [id, records] of Object.entries(sessions)) {
    const live = await j.journalIn(join(await j.temporaryFolder(), 'journal'), { sessionId: Number(id) })
    file.began(Number(id), j.BASE_US, clock)
    if (records.length === 0) continue
    await live.sync(...records)
    await cp(live.directory, join(dataDir, 'journal'), { recursive: true })
    await live.journal.close()
  }
  await file.saved()
  return dataDir
}

const NOTHING_KNOWN: KnownSessions = {
  unended: async () => [],
  known: async () => [],
  batchesBelow: async () => ({ batches: 0, hasBatch: false, lastTsUs: undefined }),
  end: async () => undefined,
}

/** A start in this data directory, as far as what was left behind goes. Every batch is committed at once. */
async function start(dataDir: string, clock = 'wall') {
  const directory = join(dataDir, 'journal')
  const counts = createCounts()
  const logged: { level: number; msg: string }[] = []
  const events = createEvents(pino({ base: null }, { write: (line) => void logged.push(JSON.parse(line)) }), counts)
  const bound = new JournalBound({ limitBytes: 1e9, memoryBytes: 1e9, minFreeBytes: 0 })
  const file = await CollectorFile.open({ dataDir, onError: unexpected })
  onTestFinished(() => file.saved())
  const leftBehind = await LeftBehind.read({ directory, dataDir, clock, file, bound, counts, events })
  const writer = new Writer({
    lanes: 1,
    counts,
    store: async () => ({ alreadyCommitted: false, acceptedTicks: 0, quarantinedTicks: 0, refusedTicks: 0, commitMs: 1 }),
    release: async (segment) => {
      await putAway(directory, segment)
      bound.forget(segment)
    },
    onVanished: () => undefined,
    onDamaged: unexpected,
    onCommit: () => undefined,
    onRetry: unexpected,
    onReleaseError: unexpected,
  })
  leftBehind.write(writer)
  const named: Gap[] = []
  const open: GapStart[] = []
  let makeDurable = () => {}
  const durable = new Promise<void>((resolve) => {
    makeDurable = resolve
  })
  /** The first session begins. */
  const begin = (nowUs = NOW_US) => {
    file.began(leftBehind.lastSessionId + 1, nowUs, clock)
    leftBehind.begin({ nowUs: () => nowUs, gap: (gap) => named.push(gap), interrupt: (gap) => open.push(gap), durable: () => durable })
  }
  const unreleased = async () => (await readdir(directory)).filter((name) => name.endsWith('.tape')).sort()
  return { leftBehind, writer, counts, bound, file, named, open, begin, unreleased, makeDurable, logged }
}

describe('segments of a crash', () => {
  it('stay until the open gap is on disk in a new session, whatever the database has of them', async () => {
    const dataDir = await crashedAs({ [j.SESSION_ID]: [begun(), j.quote(2)] })
    const names = [segmentName(j.SESSION_ID, 1)]
    const { writer, begin, open, unreleased, makeDurable, bound, file } = await start(dataDir)
    await writer.drained()
    expect(await unreleased()).toEqual(names)
    expect(bound.segments.size).toBe(1)

    begin()
    expect(open).toEqual([{ fromTsUs: j.BASE_US + 2, cause: CRASH }])
    await writer.drained()
    expect(await unreleased()).toEqual(names)
    expect(file.open.map(({ sessionId }) => sessionId)).toContain(j.SESSION_ID)
    makeDurable()
    await vi.waitFor(async () => expect(await unreleased()).toEqual([]), PATIENTLY)
    // The name is gone a moment before the segment is released.
    await writer.drained()
    expect(bound.segments.size).toBe(0)
    expect(file.open.map(({ sessionId }) => sessionId)).toEqual([j.SESSION_ID + 1])
  })

  it('give the same gap to every start that ends before it records', async () => {
    const dataDir = await crashedAs({ [j.SESSION_ID]: [begun(), j.quote(2)] })
    for (let starts = 0; starts < 3; starts++) await (await start(dataDir)).writer.drained()
    const { begin, open } = await start(dataDir)
    begin()
    expect(open).toEqual([{ fromTsUs: j.BASE_US + 2, cause: CRASH }])
  })

  it('give the first gap that no later session has taken over', async () => {
    const gap = { ...j.interrupted(2, 2), fromTsUs: j.BASE_US + 2, cause: CRASH }
    const later = { ...begun(), tsUs: j.BASE_US + 500 }
    const openOf = async (records: TapeRecord[]) => {
      const { begin, open } = await start(await crashedAs({ [j.SESSION_ID]: [begun(), j.quote(2)], [j.SESSION_ID + 1]: records }))
      begin()
      return open
    }
    // It was killed when its first record was durable and its second was not.
    expect(await openOf([later])).toEqual([{ fromTsUs: j.BASE_US + 2, cause: CRASH }])
    const named = { ...j.gap(3, 2), fromTsUs: j.BASE_US + 2, toTsUs: j.BASE_US + 600, tsUs: j.BASE_US + 600, cause: CRASH }
    const lastly = { ...j.quote(4), tsUs: j.BASE_US + 700 }
    expect(await openOf([later, { ...gap, tsUs: j.BASE_US + 501 }, named, lastly])).toEqual([{ fromTsUs: j.BASE_US + 700, cause: CRASH }])
  })

  it('count in the bound of the journal to the byte, until they are released', async () => {
    const dataDir = await crashedAs({ [j.SESSION_ID]: [begun(), j.quote(2)], [j.SESSION_ID + 1]: [begun(), ...j.quotes(2, 9)] })
    const { writer, begin, makeDurable, bound, unreleased } = await start(dataDir)
    await writer.drained()
    const sizes = await Promise.all((await unreleased()).map(async (name) => (await stat(join(dataDir, 'journal', name))).size))
    expect(sizes).toHaveLength(2)
    expect(bound.segmentBytes).toBe((sizes[0] ?? 0) + (sizes[1] ?? 0))

    begin()
    makeDurable()
    await vi.waitFor(async () => expect(await unreleased()).toEqual([]), PATIENTLY)
    await writer.drained()
    expect(bound.segments.size).toBe(0)
    expect(bound.segmentBytes).toBe(0)
  })

  it('give their gap also when sessions behind them hold nothing', async () => {
    const nothing = (id: number, bytes: number) => {
      const head = encodeFileHead({ source: 'collector', sessionId: id, segment: 1 })
      return writeFile(join(dataDir, 'journal', segmentName(id, 1)), head.subarray(0, bytes))
    }
    const crashes = { [j.SESSION_ID]: [begun(), j.quote(2)], [j.SESSION_ID + 1]: [], [j.SESSION_ID + 2]: [], [j.SESSION_ID + 3]: [] }
    const dataDir = await crashedAs(crashes)
    await nothing(j.SESSION_ID + 1, 0)
    await nothing(j.SESSION_ID + 2, 30)
    await nothing(j.SESSION_ID + 3, 10_000)
    const { writer, begin, named, open, makeDurable, unreleased } = await start(dataDir)
    expect(await unreleased()).toHaveLength(4)
    begin()
    expect([named, open]).toEqual([[], [{ fromTsUs: j.BASE_US + 2, cause: CRASH }]])
    makeDurable()
    await vi.waitFor(async () => expect(await unreleased()).toEqual([]), PATIENTLY)
    await writer.drained()
  })

  it('whose end cannot be written are not released in this run', async () => {
    const dataDir = await crashedAs({ [j.SESSION_ID]: [begun(), j.quote(2)] })
    const handle = await j.fileHandlePrototype()
    const { writev } = handle
    handle.writev = () => Promise.reject(new Error('ENOSPC'))
    const { writer, begin, makeDurable, unreleased, open, logged } = await start(dataDir).finally(() => Object.assign(handle, { writev }))
    begin()
    makeDurable()
    await writer.drained()
    expect(open).toHaveLength(1)
    expect(await unreleased()).toEqual([segmentName(j.SESSION_ID, 1)])
    expect(logged.some(({ msg }) => msg.includes('end of an earlier session cannot be written'))).toBe(true)
  })
})

describe('a clock', () => {
  it('that shows an earlier time than the last session had names all that is in doubt, and the ids rise', async () => {
    const dataDir = await crashedAs({ [j.SESSION_ID]: [begun(), j.quote(2)] })
    const { begin, named, open, leftBehind } = await start(dataDir)
    const backUs = j.BASE_US - 3600 * SECOND_US
    begin(backUs)
    expect(named).toEqual([{ fromTsUs: backUs, toTsUs: j.BASE_US + 2, cause: `${CRASH}, clock went back` }])
    expect(open).toEqual([{ fromTsUs: backUs, cause: CRASH }])
    expect(leftBehind.lastSessionId).toBe(j.SESSION_ID)
  })

  it('that stands still names a microsecond', async () => {
    const { begin, named } = await start(await crashedAs({ [j.SESSION_ID]: [begun(), j.quote(2)] }))
    begin(j.BASE_US + 2)
    expect(named).toEqual([{ fromTsUs: j.BASE_US + 1, toTsUs: j.BASE_US + 2, cause: `${CRASH}, clock went back` }])
  })

  it('of a replayed market that stands still until the lines are open has not gone back', async () => {
    const { begin, named, open } = await start(await crashedAs({ [j.SESSION_ID]: [begun('gateway'), j.quote(2)] }, 'gateway'), 'gateway')
    begin(j.BASE_US)
    expect([named, open]).toEqual([[], [{ fromTsUs: j.BASE_US, cause: CRASH }]])
  })

  it('of another kind has the gap named where it began, once, as the two times cannot be compared', async () => {
    const dataDir = await crashedAs({ [j.SESSION_ID]: [begun('gateway'), j.quote(2)] }, 'gateway')
    // A run on the same clock ended before it recorded.
    await start(dataDir, 'gateway')
    for (let starts = 0; starts < 2; starts++) await (await start(dataDir)).writer.drained()
    const { begin, named, open } = await start(dataDir)
    begin()
    expect([named, open]).toEqual([[], []])
    const records = await j.segmentRecords(join(dataDir, 'journal', segmentName(j.SESSION_ID, 1)))
    const gap = { kind: 'gap', fromTsUs: j.BASE_US + 2, toTsUs: j.BASE_US + 3, cause: CRASH }
    expect(records.slice(2)).toMatchObject([{ kind: 'session', event: 'ended', cause: 'crash' }, gap])
  })

  it("gives no id below one that a released or damaged segment has, or that is only in the collector's file", async () => {
    const dataDir = await crashedAs({ [j.SESSION_ID]: [begun(), j.quote(2)], [j.SESSION_ID + 7]: [] })
    expect((await start(dataDir)).leftBehind.lastSessionId).toBe(j.SESSION_ID + 7)
    for (const [folder, id] of [
      ['released', j.SESSION_ID + 20],
      ['damaged', j.SESSION_ID + 30],
      ['damaged', Number.MAX_SAFE_INTEGER],
    ] as const) {
      await cp(join(dataDir, 'journal', segmentName(j.SESSION_ID, 1)), join(dataDir, 'journal', folder, segmentName(id, 1)))
      const expected = Math.min(id, j.SESSION_ID + 30)
      expect((await start(dataDir)).leftBehind.lastSessionId).toBe(expected)
    }
  })
})

describe('a session of which no segment is left', () => {
  async function lost(database: Partial<KnownSessions>, nowUs = NOW_US) {
    const ended: [number, number][] = []
    const dataDir = await crashedAs({ [j.SESSION_ID]: [begun(), j.quote(2)] })
    await rm(join(dataDir, 'journal'), { recursive: true })
    const started = await start(dataDir)
    const known = { ...NOTHING_KNOWN, end: async (id: number, tsUs: number) => void ended.push([id, tsUs]), ...database }
    return { ...started, dataDir, ended, known, begin: () => started.begin(nowUs) }
  }
  const lastTsUs = j.BASE_US + 20 * SECOND_US
  const unended = async () => [{ sessionId: j.SESSION_ID, lastTsUs, clock: 'wall' }]

  it('is named from its last row in the database to the begin of the next, once, and has an end then', async () => {
    const { begin, named, open, leftBehind, known, ended, makeDurable, file, dataDir } = await lost({ unended })
    begin()
    expect(open).toEqual([{ fromTsUs: NOW_US, cause: CRASH }])
    await leftBehind.ask(known)
    await leftBehind.ask(known)
    expect(named).toEqual([{ fromTsUs: lastTsUs, toTsUs: NOW_US, cause: CRASH }])
    expect(ended).toEqual([])
    makeDurable()
    await vi.waitFor(() => expect(ended).toEqual([[j.SESSION_ID, lastTsUs]]), PATIENTLY)
    await vi.waitFor(() => expect(file.open.map(({ sessionId }) => sessionId)).toEqual([j.SESSION_ID + 1]), PATIENTLY)
    // Two at once would take each other's file away.
    await file.saved()

    const next = await start(dataDir)
    next.begin()
    await next.leftBehind.ask(NOTHING_KNOWN)
    expect(next.named.filter(({ fromTsUs }) => fromTsUs === lastTsUs)).toEqual([])
  })

  it('is named from its begin when the database does not know it', async () => {
    const { begin, named, leftBehind, known } = await lost({})
    begin()
    await leftBehind.ask(known)
    expect(named).toEqual([{ fromTsUs: j.BASE_US, toTsUs: NOW_US, cause: CRASH }])
  })

  it('is not named when it ended in the database, and only the file did not learn of it', async () => {
    const { begin, named, leftBehind, known, file } = await lost({ known: async (ids) => ids })
    begin()
    await leftBehind.ask(known)
    expect(named).toEqual([])
    expect(file.open.map(({ sessionId }) => sessionId)).toEqual([j.SESSION_ID + 1])
  })

  it('is named as soon as a session records, when the database was asked before', async () => {
    const { begin, named, leftBehind, known } = await lost({ unended })
    await leftBehind.ask(known)
    expect(named).toEqual([])
    begin()
    expect(named).toEqual([{ fromTsUs: lastTsUs, toTsUs: NOW_US, cause: CRASH }])
  })

  it('stays known over starts that never reach the database, and ends where the next one began', async () => {
    const { begin, dataDir, file } = await lost({})
    begin()
    await file.saved()
    const next = await start(dataDir)
    next.begin(NOW_US + SECOND_US)
    await next.leftBehind.ask({ ...NOTHING_KNOWN, unended })
    expect(next.named).toContainEqual({ fromTsUs: lastTsUs, toTsUs: NOW_US, cause: CRASH })
  })

  it('is asked for until the database is there, but does not keep rows from one that refuses the question', async () => {
    const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }))
    const { leftBehind, known, logged } = await lost({})
    for (const code of ['EPIPE', '57P01', 'ECONNRESET', 'EPIPE'])
      await expect(leftBehind.ask({ ...known, unended: failing(code) })).rejects.toThrow(code)
    const refused = { ...known, unended: failing('42501') }
    // Two lanes that ask at once ask once.
    await Promise.allSettled([leftBehind.ask(refused), leftBehind.ask(refused)])
    await expect(leftBehind.ask(refused)).rejects.toThrow('42501')
    await leftBehind.ask(refused)
    await leftBehind.ask({ ...known, unended: unexpected })
    expect(logged.filter(({ msg }) => msg.includes('does not say which earlier sessions'))).toHaveLength(1)
  })
})

describe('the first segments of a session', () => {
  it.each([
    ['are released when the database has all batches below', { batches: 1, hasBatch: false, lastTsUs: 7 }, 0],
    ['are lost when it has not', { batches: 0, hasBatch: false, lastTsUs: undefined }, 1],
  ])('that are not there %s', async (_, below, gaps) => {
    const live = await j.journalIn(join(await j.temporaryFolder(), 'journal'), { segmentBytes: 1, batchRows: 2 })
    await live.sync(begun(), j.quote(2))
    await live.sync(j.quote(3), j.quote(4))
    const dataDir = await j.temporaryFolder()
    await cp(live.directory, join(dataDir, 'journal'), { recursive: true })
    await live.journal.close()
    await rm(join(dataDir, 'journal', segmentName(j.SESSION_ID, 1)))
    const { leftBehind, begin, named } = await start(dataDir)
    begin()
    await leftBehind.ask({ ...NOTHING_KNOWN, batchesBelow: async () => below })
    const expected = gaps === 0 ? [] : [{ fromTsUs: expect.any(Number) as number, toTsUs: j.BASE_US + 3, cause: 'journal-damaged' }]
    expect(named).toEqual(expected)
  })
})

describe('a run that ends in order', () => {
  it('before it had its lines leaves the gap that it took over to the next', async () => {
    const dataDir = await crashedAs({ [j.SESSION_ID]: [begun(), j.quote(2)] })
    const { begin, leftBehind, file, makeDurable, open } = await start(dataDir)
    begin()
    makeDurable()
    await vi.waitFor(() => expect(file.open).toHaveLength(1), PATIENTLY)
    leftBehind.end(open[0], NOW_US + SECOND_US)
    file.forget([j.SESSION_ID + 1])
    await file.saved()
    await rm(join(dataDir, 'journal'), { recursive: true })

    const next = await start(dataDir)
    next.begin(NOW_US + 2 * SECOND_US)
    expect(next.open).toEqual([{ fromTsUs: NOW_US + SECOND_US, cause: CRASH }])
    next.makeDurable()
    await vi.waitFor(() => expect(next.file.gap).toBeUndefined(), PATIENTLY)
  })

  it('leaves no gap of its own making, and none that has ended', async () => {
    const dataDir = await crashedAs({ [j.SESSION_ID]: [begun(), j.quote(2)] })
    const { begin, leftBehind, file } = await start(dataDir)
    begin()
    leftBehind.end({ fromTsUs: NOW_US + 5, cause: 'link-lost' }, NOW_US + SECOND_US)
    leftBehind.end(undefined, NOW_US + SECOND_US)
    expect(file.gap).toBeUndefined()
  })
})

describe('a folder of the journal that cannot be read', () => {
  it('is a fault, and no reason not to record', async () => {
    const dataDir = await j.temporaryFolder()
    await cp(new URL(import.meta.url), join(dataDir, 'journal'))
    const { bound, begin, open, logged } = await start(dataDir).catch(unexpected)
    begin()
    expect(open).toEqual([])
    expect(bound.trouble).toContain('could not be read at the start')
    expect(logged).toMatchObject([{ level: 50, msg: expect.stringContaining('cannot be read') }])
  })
})
