import { appendFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { scanContents, type SourceContents } from '../../../../../backtester/gateway/source/contents.ts'
import type { TornTail } from '../../../../../db/tape/reader.ts'
import { tapeSource } from '../../../../../db/tape/tape-source.ts'
import type { Contract } from '../../../../../market/contract.ts'
import type { TapeRecord } from '../../../../../market/tick.ts'
import {
  CONTRACTS,
  JUNE_70_CALL,
  OPEN_US,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
} from '../../../../support/gateway/gateway-tape.ts'

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const scanTape = (path: string, onTorn?: (torn: TornTail) => void): Promise<SourceContents> => scanContents(tapeSource(path, { onTorn }))

describe('scanContents', () => {
  it('finds the contracts, the number of ticks and their first and last time', async () => {
    const path = await room.write(tapeOf([quoteAt(0, 0, [70, 1]), quoteAt(5 * SECOND_US, 1, [1, 1])]))
    expect(await scanTape(path)).toEqual({
      contracts: new Map(CONTRACTS.map((contract, i) => [i, contract])),
      sinceUs: new Map(CONTRACTS.map((_, i) => [i, OPEN_US])),
      tradeSources: new Map(),
      doublyQuoted: new Set(),
      delayed: new Set(),
      ticks: 2,
      startUs: OPEN_US,
      endUs: OPEN_US + 5 * SECOND_US,
    })
  })

  it('finds when each contract appears first', async () => {
    const ticks = tapeOf([quoteAt(0, 0, [70, 1])], [TWX])
    const later: TapeRecord = { kind: 'contract', seq: 3, tsUs: OPEN_US + SECOND_US, instrument: 1, contract: JUNE_70_CALL }
    const again: TapeRecord = { ...later, seq: 4, tsUs: OPEN_US + 2 * SECOND_US }
    const { sinceUs } = await scanTape(await room.write([...ticks, later, again]))
    expect([...sinceUs]).toEqual([
      [0, OPEN_US],
      [1, OPEN_US + SECOND_US],
    ])
  })

  it('finds what has two kinds of quotes, and what begins delayed', async () => {
    const tickByTick = (instrument: number): TapeRecord => ({ ...quoteAt(1, instrument, [70, 1]), source: 'tick-by-tick' })
    const delayed = (instrument: number): TapeRecord => ({ ...quoteAt(2, instrument, [70, 1]), delayed: true })
    const ticks = [quoteAt(0, 0, [70, 1]), tickByTick(0), tickByTick(1), quoteAt(1, 2, [70, 1]), delayed(2), delayed(3)]
    const { doublyQuoted, delayed: beginDelayed } = await scanTape(await room.write(tapeOf(ticks)))
    expect([...doublyQuoted]).toEqual([0])
    expect([...beginDelayed]).toEqual([3])
  })

  it('gathers the hours that a contract was listed with from day to day', async () => {
    const hours = { readOn: '2014-06-05', timeZone: 'US/Eastern', trading: '', liquid: '20140605:0930-1600;20140606:0930-1600' }
    const later = { ...hours, readOn: '2014-06-06', liquid: '20140606:0930-1615' }
    const again: TapeRecord = { kind: 'contract', seq: 0, tsUs: OPEN_US, instrument: 0, contract: { ...TWX, hours: later } }
    const tape = tapeOf([quoteAt(0, 0, [70, 1]), again, quoteAt(1, 0, [71, 1])], [{ ...TWX, hours }])
    const { contracts } = await scanTape(await room.write(tape))
    expect(contracts.get(0)?.hours).toEqual({ ...later, liquid: '20140605:0930-1600;20140606:0930-1615' })
  })

  it('reports a torn tail and reads what is before it', async () => {
    const path = await room.write(tapeOf([quoteAt(0, 0, [70, 1])]))
    await appendFile(path, 'half a block')
    const torn: TornTail[] = []
    expect(await scanTape(path, (tail) => torn.push(tail))).toMatchObject({ ticks: 1 })
    expect(torn).toEqual([expect.objectContaining({ bytes: 12 })])
  })

  it('refuses hours that are no texts', async () => {
    const texts = { timeZone: 'US/Eastern', trading: '', liquid: '' }
    for (const hours of [null, texts, { readOn: '2014-06-05', ...texts, trading: 930 }]) {
      const contract = { ...TWX, hours } as unknown as Contract
      const path = await room.write(tapeOf([quoteAt(0, 0, [70, 1])], [contract]))
      await expect(scanTape(path)).rejects.toThrow(/contract whose hours are no texts/)
    }
  })

  it('refuses a tape without ticks', async () => {
    await expect(scanTape(await room.write(tapeOf([])))).rejects.toThrow(expect.objectContaining({ code: 'tape-empty' }))
  })

  it('refuses a tick without a contract', async () => {
    const path = await room.write(tapeOf([quoteAt(0, 9, [70, 1])]))
    await expect(scanTape(path)).rejects.toThrow(
      expect.objectContaining({ code: 'tape-corrupt', message: expect.stringContaining('instrument 9') }),
    )
  })

  it('refuses a number that stands for two contracts', async () => {
    const records = tapeOf([quoteAt(0, 0, [70, 1])], [TWX])
    const path = await room.write([...records, { kind: 'contract', seq: 9, tsUs: OPEN_US, instrument: 0, contract: JUNE_70_CALL }])
    await expect(scanTape(path)).rejects.toThrow('stock:TWX:USD and as option')
  })

  it('refuses a time that is no whole number of microseconds', async () => {
    await expect(scanTape(await room.write(tapeOf([quoteAt(0.5, 0, [70, 1])])))).rejects.toThrow(
      expect.objectContaining({ code: 'tape-corrupt' }),
    )
  })
})
