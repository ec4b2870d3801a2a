/** A collector whose market-data lines are taken away in mid-run: it learns how many are left. */

import { expect, it } from 'vitest'

import { parseFaultScript } from '../../backtester/gateway/faults/script.ts'
import type { LinesPage } from '../../collector/telemetry/lines-page.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { serveSynthetic } from '../support/gateway/served-synthetic.ts'
import { ask, startCollecting } from '../support/process/collecting.ts'

/** The stock, and both rights of ten strikes. */
const CONTRACTS = 21
const LINES = 13
const SHRUNK = 9
const PLAN = { coreStrikes: 1, corePercent: 34, minimumHoldMs: 500, seenEveryMs: 600_000 }
const SYN = { symbol: 'SYN', currency: 'USD', exchange: 'SMART', strikes: 'all', expiryDays: 1000 } as const
/** Between attempts to have one line more. */
const LINE_MS = 1000
const [REQUEST, CANCEL] = ['1', '2']

forEachEdition('a collector whose lines are taken away in mid-run', ({ name, createDatabase }) => {
  // What is done beside the database is the same with each.
  it.runIf(name === EMBEDDED)(
    'asks for no more than are left, keeps its core, sees every contract, and names each line that ended',
    async () => {
      const databaseUrl = await createDatabase()
      const faults = `faults: [{ kind: lines, limit: ${SHRUNK}, afterTapeSeconds: 1 }]`
      const { proxy } = await serveSynthetic({
        contracts: CONTRACTS,
        lines: LINES,
        startAfterLines: LINES,
        faults: parseFaultScript(faults, 'test.yaml'),
      })
      const wire = { open: new Set<string>(), most: 0 }
      proxy.answer = ([id, , reqId = '']) => {
        if (id === REQUEST) wire.open.add(reqId)
        if (id === CANCEL) wire.open.delete(reqId)
        wire.most = Math.max(wire.most, wire.open.size)
        return undefined
      }
      proxy.onPassed = ([id, , reqId = '', code]) => {
        if (id === '4' && code === '101') wire.open.delete(reqId)
      }
      const ended: number[] = []
      const seenSince = new Set<number>()
      const collector = await startCollecting({
        port: proxy.port,
        databaseUrl,
        gateway: { lines: LINES, lineDelays: { lineMs: LINE_MS } },
        underlyings: [SYN],
        linePlan: PLAN,
        metrics: { host: '127.0.0.1', port: 0 },
        onRecord: (record) => {
          if (record.kind !== 'line') return
          if (record.event === 'closed' && record.cause === 'refused: 101') ended.push(record.instrument)
          else if (record.event === 'opened' && ended.length > 0) seenSince.add(record.instrument)
        },
      })
      const page = async () => (await (await fetch(`http://127.0.0.1:${collector.progress.metricsPort}/lines`)).json()) as LinesPage
      // Fewer have ended than the limit fell by when the turn of some was over at that moment.
      await collector.until('lines were taken away', () => ended.length > 0 && wire.open.size <= SHRUNK)
      await collector.until('every option that takes turns was seen again', () => seenSince.size >= CONTRACTS - SHRUNK)
      const shrunk = await page()
      expect(shrunk.limit).toBe(LINES)
      // A pair more may be tried at the moment.
      expect([SHRUNK, SHRUNK + 1, SHRUNK + 2]).toContain(shrunk.available)
      const held = shrunk.lines.filter(({ feed, reason }) => feed === null && (reason === 'core' || reason === 'pinned'))
      expect(held.map(({ state }) => state)).toEqual(['open', 'open', 'open'])
      expect(wire.most).toBeLessThanOrEqual(LINES)
      await collector.stop('stopped')
      const holds = await ask(databaseUrl, `SELECT * FROM line_holds WHERE cause = 'refused: 101'`)
      expect(holds).toHaveLength(ended.length)
      // What was refused in its turn is named, and nothing else is.
      const gaps = await ask(databaseUrl, `SELECT DISTINCT cause FROM feed_gaps`)
      expect(gaps).toEqual([{ cause: 'refused: 101' }])
    },
  )
})
