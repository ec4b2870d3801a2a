/** What is halted, by the ticks of lines that are served. */

import { describe, expect, it } from 'vitest'
import { Halts } from '../../../../collector/gaps/halts.ts'
import { Line } from '../../../../collector/lines/line.ts'
import type { Contract } from '../../../../market/contract.ts'
import { Mark } from '../../../../market/marks.ts'
import type { Statistic, Trade } from '../../../../market/tick.ts'
import { option } from '../universe/options.ts'

const STOCK: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD' }

const halted = (value: number): Statistic => ({ kind: 'statistic', seq: 0, tsUs: 0, instrument: 7, name: 'halted', value })
const trade = (marks?: number): Trade => ({
  kind: 'trade',
  seq: 0,
  tsUs: 0,
  instrument: 7,
  price: 70,
  source: 'last',
  ...(marks && { marks }),
})

function haltedLine() {
  const line = new Line({ instrument: 7, contract: STOCK }, 0)
  line.held = true
  const halts = new Halts()
  halts.take(halted(1))
  return { line, halts, symbols: () => [...halts.symbolsOf([line])] }
}

describe('a symbol', () => {
  it('is halted until its line says that it trades', () => {
    const { halts, symbols } = haltedLine()
    expect(symbols()).toEqual(['TWX'])
    halts.take(halted(0))
    expect(symbols()).toEqual([])
  })

  it('is not known to be halted while the line that said so is not served', () => {
    const { line, symbols } = haltedLine()
    line.held = false
    expect(symbols()).toEqual([])
  })

  it('is not halted any more when it trades, whatever its line said; its last trade is no trade of now', () => {
    const { halts, symbols } = haltedLine()
    halts.take(trade(Mark.initial))
    expect(symbols()).toEqual(['TWX'])
    halts.take(trade())
    expect(symbols()).toEqual([])
  })

  it('is not halted any more when its stock trades, though an option missed the end of the halt', () => {
    const underlying = new Line({ instrument: 7, contract: STOCK }, 0)
    const call = new Line({ instrument: 8, contract: option(70) }, 1)
    underlying.held = call.held = true
    const halts = new Halts()
    const symbols = () => [...halts.symbolsOf([underlying, call])]
    halts.take({ ...halted(1), instrument: 8 })
    expect(symbols()).toEqual(['TWX'])
    halts.take(trade())
    expect(symbols()).toEqual([])
    halts.take({ ...halted(1), instrument: 8 })
    expect(symbols()).toEqual(['TWX'])
  })

  it('is halted though another one of its options trades', () => {
    const { line, halts } = haltedLine()
    const call = new Line({ instrument: 8, contract: option(70) }, 1)
    halts.take({ ...trade(), instrument: 8 })
    expect([...halts.symbolsOf([line, call])]).toEqual(['TWX'])
  })

  it('is not known to be halted on the next link before that says so', () => {
    const { halts, symbols } = haltedLine()
    halts.forget()
    expect(symbols()).toEqual([])
  })
})
