/** A quote's messages in every order that IB can send them in, written up to 5 ms apart by another process, from the socket to the tape. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWallClock } from '../../../../../collector/record/clock.ts'
import { Assembler } from '../../../../../collector/ib/ticks/assemble.ts'
import { Intake } from '../../../../../collector/ib/ticks/intake.ts'
import { Journal } from '../../../../../collector/journal/journal.ts'
import { Recorder } from '../../../../../collector/record/recorder.ts'
import { createCounts } from '../../../../../collector/telemetry/counts.ts'
import { readRecords } from '../../../../../db/tape/reader.ts'
import type { Quote } from '../../../../../market/tick.ts'
import { crossedQuote } from '../../../../../market/rules/crossed-quote.ts'
import { illegalPrice } from '../../../../../market/rules/illegal-price.ts'
import { negativeSize } from '../../../../../market/rules/negative-size.ts'
import { defaultSettings } from '../../../../../market/rules/settings.ts'
import { Validator } from '../../../../../market/rules/validator.ts'
import { compile } from '../../../../support/process/compiled.ts'
import { type SplitReport, valuesOf } from '../../../../support/gateway/split-quotes.ts'
import { linkTo } from '../tws-support.ts'
import { unbounded } from '../../../../support/tape/unbounded.ts'
import { unexpected } from '../../../../support/unexpected.ts'

const STOCK = { kind: 'stock', symbol: 'TWX', currency: 'USD' } as const
const END_OF_TAPE = 99000
const LIMIT_MS = 5

let folder = ''
let server: ChildProcess | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapedeck-whole-quotes-'))
  await compile(join(folder, 'code'), ['test/support/gateway/split-quotes.ts'])
})
afterAll(async () => {
  server?.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

/** Numbers of the quotes that a recorded one has something of. */
function partsOf({ bidPrice, askPrice, bidSize, askSize }: Quote): Set<number | undefined> {
  return new Set([bidPrice, askPrice && askPrice - 0.5, bidSize && bidSize - 10_000, askSize && askSize - 20_000])
}

describe('No half-updated quote is ever recorded', () => {
  it('whatever the order of its messages, as long as sizes come behind their prices, split over socket writes up to 5 ms apart', async () => {
    server = spawn(process.execPath, [join(folder, 'code', 'test', 'support', 'gateway', 'split-quotes.js'), 'serve'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: server.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
    const port = Number((await lines.next()).value)

    const clock = createWallClock()
    // The others go by the time of day and by the prices before.
    const rules = [illegalPrice, negativeSize, crossedQuote]
    const recorder = new Recorder({
      clock,
      counts: createCounts(),
      judge: new Validator({ rules, settings: defaultSettings(rules), onRuleError: unexpected }),
      openJournal: (sessionId) =>
        new Journal({
          batchRows: 1000,
          batchMs: 100,
          fsyncMs: 50,
          segmentBytes: 1 << 26,
          directory: join(folder, 'journal'),
          sessionId,
          bound: unbounded(),
          onBatch: () => undefined,
          onSegmentClosed: () => undefined,
          onSync: () => undefined,
          onError: unexpected,
        }),
      detail: {},
      config: {},
      onSubscriberError: unexpected,
    })
    recorder.begin()
    const assembler = new Assembler({ usAt: (arrivalMs) => clock.usAt(arrivalMs) })
    assembler.connect({
      onTick: (tick, arrivalUs) => recorder.tick(tick, arrivalUs),
      onLineAlive: () => undefined,
      onUnknownLine: unexpected,
      onUnknownType: unexpected,
    })
    let end: () => void = unexpected
    const ended = new Promise<void>((resolve) => (end = resolve))
    const intake = new Intake({
      assembler,
      onControl: (message) => message.type === 'notice' && message.code === END_OF_TAPE && end(),
      onMessage: () => undefined,
    })
    const { link } = linkTo(port, { onMessages: (messages) => intake.take(messages) })
    await link.open()
    const reqId = link.newReqId()
    assembler.openLine(reqId, recorder.instrumentOf(STOCK))
    await link.openLine(reqId, { symbol: 'TWX' }, '')
    await ended
    const report: SplitReport = JSON.parse((await lines.next()).value)
    intake.stop()
    await recorder.end('test')

    const quotes: Quote[] = []
    for (const name of await readdir(join(folder, 'journal')))
      for await (const records of readRecords(join(folder, 'journal', name)))
        quotes.push(...records.filter((record) => record.kind === 'quote'))

    const required = new Set(report.quotes.filter(({ longestGapMs }) => longestGapMs < LIMIT_MS).map(({ n }) => n))
    expect(required.size).toBe(6 * 4)
    for (const n of required) {
      const whole = { kind: 'quote', ...valuesOf(n), verdict: undefined }
      expect(quotes.filter((quote) => quote.bidPrice === n)).toContainEqual(expect.objectContaining(whole))
    }
    // A quote that has something of another one is owed to a gap too long for anybody to know.
    const mixed = quotes.filter((quote) => partsOf(quote).size > 1)
    expect(mixed.filter((quote) => [...partsOf(quote)].every((n) => n === undefined || required.has(n)))).toEqual([])
    const wholeTwice = [...required].filter((n) => quotes.filter((quote) => quote.bidPrice === n && partsOf(quote).size === 1).length !== 1)
    expect(wholeTwice).toEqual([])
  }, 60_000)
})
