/** A collector behind a stall that a fault script plays: no update of the burst is lost. */

import { afterAll, beforeAll, expect, it } from 'vitest'

import { parseFaultScript } from '../../backtester/gateway/faults/script.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { CONTRACTS, quoteAt, SECOND_US, type TapeRoom, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { ask, startCollecting } from '../support/process/collecting.ts'

const LINES = CONTRACTS.length

let room: TapeRoom
beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

forEachEdition('a collector behind a stall of a gateway that publishes its time', (edition) => {
  it('records every update of the burst, though the sides of its quotes change in turn', async () => {
    const databaseUrl = await edition.createDatabase()
    const sides = Array.from({ length: 60 }, (_, i) => [70 + Math.ceil(i / 2) / 100, 71 + Math.floor(i / 2) / 100] as const)
    const quotes = sides.map(([bid, ask], i) => quoteAt(i * SECOND_US, 0, [bid, 1], [ask, 1]))
    const faults = parseFaultScript('faults: [{ kind: stall, afterTapeSeconds: 10, tapeSeconds: 30 }]', 'test.yaml')
    const { port } = await room.serve(tapeOf(quotes), { startAfterLines: LINES, publishTime: true, faults })
    const collector = await startCollecting({ port, databaseUrl, untilEndOfTape: true })
    await collector.end()
    const recorded = await ask<{ bid: number; ask: number }>(
      databaseUrl,
      'SELECT bid_price AS bid, ask_price AS ask FROM quotes ORDER BY seq',
    )
    expect(recorded).toEqual(sides.map(([bid, ask]) => ({ bid, ask })))
    expect(await ask(databaseUrl, 'SELECT DISTINCT marks FROM quotes')).toEqual([{ marks: null }])
  })
})
