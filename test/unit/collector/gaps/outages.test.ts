/** Outages on a recorder with a journal: when their gaps begin and end, with data as the only proof. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { IbOutages } from '../../../../collector/gaps/ib-outages.ts'
import { LastData } from '../../../../collector/gaps/last-data.ts'
import { Outages } from '../../../../collector/gaps/outages.ts'
import { Line, type LineState, noLines } from '../../../../collector/lines/line.ts'
import type { Contract } from '../../../../market/contract.ts'
import { Mark } from '../../../../market/marks.ts'
import type { LineFeed } from '../../../../market/tick.ts'
import { onGatewayTime, quote, START_US, STOCK } from '../record/recorder-support.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

const OPTION: Contract = {
  kind: 'option',
  symbol: 'TWX',
  currency: 'USD',
  expiry: '2014-06-21',
  strike: 70,
  right: 'C',
  multiplier: 100,
  tradingClass: 'TWX',
}
const FARM_OK = 'Market data farm connection is OK:'
const FARM_BROKEN = 'Market data farm connection is broken:'
const RESTORED = 'Connectivity between IB and Trader Workstation has been restored - data maintained.'

/** A stock and an option of it, both open and with data; the time goes on by seconds. */
async function market(feed?: LineFeed) {
  const rig = await onGatewayTime()
  rig.sessions.start()
  const { recorder, ledger, ticks, clock } = rig
  const lastData = new LastData()
  const known = { lines: true, hours: true }
  const lines = [STOCK, OPTION].map((contract, rank) => open(new Line({ instrument: recorder.instrumentOf(contract), contract }, rank)))
  const [stock, option] = lines as [Line, Line]
  if (feed) lines.push(open(new Line({ instrument: stock.instrument, contract: STOCK, feed }, 2)))
  const outages = new Outages({
    recorder,
    ledger,
    lastData,
    lines: () => lines,
    linesAreKnown: () => known.lines,
    missingSinceUs: (lastDataUs) => lastDataUs,
    dataIsExpected: () => known.hours,
  })
  const notices = new IbOutages(recorder, outages, () => lines)
  let second = 0
  /** So many seconds later. */
  const later = (seconds = 1) => {
    second += seconds
    clock.publish(START_US + second * 1_000_000)
    vi.advanceTimersByTime(seconds * 1000)
    outages.check()
  }
  const data = (...of: Line[]) => take(of)
  /** What stands, as the gateway gives it to a new request. */
  const firstValues = (...of: Line[]) => take(of, Mark.initial)
  const take = (of: Line[], marks?: number) => {
    for (const line of of) {
      const tick = { ...quote(1, line.instrument), marks }
      if (line.feed) tick.source = 'tick-by-tick'
      ticks.take(tick, clock.nowUs())
      lastData.took(tick, tick.tsUs)
    }
    outages.check()
  }
  const gaps = async () => {
    await rig.sessions.end('test')
    const [tape = []] = await rig.tapes()
    const at = (us: unknown) => Math.round((Number(us) - START_US) / 1_000_000)
    return tape.filter(({ kind }) => kind === 'gap').map(({ cause, fromTsUs, toTsUs }) => [cause, at(fromTsUs), at(toTsUs)])
  }
  later()
  data(...lines)
  later(4)
  return { lines, stock, option, tickByTick: lines[2] as Line, outages, notices, ledger, known, later, data, firstValues, gaps }
}

function open(line: Line, ...events: ('enqueue' | 'send' | 'answer')[]): Line {
  for (const event of events.length > 0 ? events : (['enqueue', 'send', 'answer'] as const)) line.move(event, noLines())
  return line
}

describe('an outage of all lines', () => {
  it('begins with the last data, and is over when every line has data again, not when IB says so', async () => {
    const { stock, option, notices, ledger, later, data, gaps } = await market()
    notices.take(1100, 'lost')
    expect(notices.isAway).toBe(true)
    later(5)
    expect(notices.take(1102, RESTORED)).toMatchObject({ kind: 'lines-kept' })
    expect(notices.isAway).toBe(false)
    later(2)
    expect(ledger.open).toHaveLength(1)
    data(stock)
    expect(ledger.open).toHaveLength(1)
    later()
    data(option)
    expect(ledger.open).toEqual([])
    expect(await gaps()).toEqual([['ib-1100', 1, 13]])
  })

  it('is over ten seconds after the first line has data, with the last of those that are back', async () => {
    const { stock, notices, ledger, later, data, gaps } = await market()
    notices.take(1100, 'lost')
    later(5)
    notices.take(1102, RESTORED)
    later()
    data(stock)
    later(9)
    expect(ledger.open).toHaveLength(1)
    later()
    expect(ledger.open).toEqual([])
    expect(await gaps()).toEqual([['ib-1100', 1, 11]])
  })

  it('does not wait for lines that the gateway has refused', async () => {
    const { stock, option, outages, ledger, later, data } = await market()
    outages.lost('the link broke')
    later()
    outages.returned()
    option.move('refuse', noLines())
    data(stock)
    expect(ledger.open).toEqual([])
  })

  it('goes on while it is not known which lines are wanted', async () => {
    const { lines, outages, ledger, known, later, data } = await market()
    outages.lost('collector-crash')
    known.lines = false
    outages.returned()
    later()
    data(...lines)
    later(20)
    expect(ledger.open).toHaveLength(1)
    known.lines = true
    outages.check()
    expect(ledger.open).toEqual([])
  })

  it('is not over because of data that was on its way, and is because of data that keeps coming', async () => {
    const { lines, notices, ledger, later, data, gaps } = await market()
    notices.take(1100, 'lost')
    later()
    data(...lines)
    later(8)
    data(...lines)
    expect(ledger.open).toHaveLength(1)
    later(1)
    expect(notices.isAway).toBe(true)
    later(1)
    data(...lines)
    expect(notices.isAway).toBe(false)
    expect(ledger.open).toEqual([])
    expect(await gaps()).toHaveLength(1)
  })

  it('that comes while lines are coming back is another one: what they had in between is not missing', async () => {
    const { stock, outages, later, data, lines, gaps } = await market()
    outages.lost('the link broke')
    later()
    outages.returned()
    data(stock)
    later(3)
    data(stock)
    later()
    outages.lost('and broke again')
    later()
    outages.returned()
    data(...lines)
    expect(await gaps()).toEqual([
      ['the link broke', 1, 6],
      ['and broke again', 9, 11],
    ])
  })

  it('by 2110 is over with the data that follows when a farm works, and that by 1100 is not', async () => {
    for (const [code, isOver] of [
      [2110, true],
      [1100, false],
    ] as const) {
      const { lines, notices, ledger, later, data } = await market()
      notices.take(code, 'lost')
      later(3)
      const effect = notices.take(2104, `${FARM_OK}usfarm`)
      expect(effect !== undefined).toBe(isOver)
      data(...lines)
      expect(ledger.open.length === 0).toBe(isOver)
    }
  })

  it('by a stall is over with the first data of any line', async () => {
    const { stock, outages, ledger, later, data, gaps } = await market()
    outages.stalled()
    expect(ledger.open).toMatchObject([{ cause: 'stall' }])
    later(10)
    data(stock)
    expect(ledger.open).toEqual([])
    expect(await gaps()).toEqual([['stall', 1, 15]])
  })

  it('by a stall that lasts until every line is asked for again waits for each of them', async () => {
    const { stock, option, outages, ledger, later, data, gaps } = await market()
    outages.stalled()
    later(10)
    outages.silent()
    later()
    data(stock)
    expect(ledger.open).toHaveLength(1)
    later()
    data(option)
    expect(await gaps()).toEqual([['stall', 1, 17]])
  })
})

describe('first values, which the gateway may have kept from before', () => {
  it('end no outage while IB is said to be away, however late they come', async () => {
    const { lines, notices, ledger, later, data, firstValues, gaps } = await market()
    notices.take(1100, 'lost')
    later(20)
    firstValues(...lines)
    later(20)
    expect(notices.isAway).toBe(true)
    expect(ledger.open).toHaveLength(1)
    data(...lines)
    expect(ledger.open).toEqual([])
    expect(await gaps()).toEqual([['ib-1100', 1, 45]])
  })

  it('end none by themselves when it is said to be back: one line must have news, and then the others are back with theirs', async () => {
    const { stock, lines, outages, ledger, later, data, firstValues, gaps } = await market()
    outages.lost('the link broke')
    later()
    outages.returned()
    firstValues(...lines)
    later(30)
    expect(ledger.open).toHaveLength(1)
    data(stock)
    expect(ledger.open).toEqual([])
    expect(await gaps()).toEqual([['the link broke', 1, 36]])
  })

  it('do where no news is expected, as in the night', async () => {
    const { lines, outages, ledger, known, later, firstValues, gaps } = await market()
    known.hours = false
    outages.lost('the link broke')
    later()
    outages.returned()
    later()
    firstValues(...lines)
    expect(ledger.open).toEqual([])
    expect(await gaps()).toEqual([['the link broke', 1, 7]])
  })

  it('cut no gap in two when another outage follows them', async () => {
    const { lines, outages, later, data, firstValues, gaps } = await market()
    outages.lost('the link broke')
    later()
    outages.returned()
    firstValues(...lines)
    later(4)
    outages.lost('and broke again')
    later()
    outages.returned()
    data(...lines)
    expect(await gaps()).toEqual([['the link broke', 1, 11]])
  })
})

describe('the list of farms behind a restored link', () => {
  it('has the lines of a farm that is missing there without data until theirs comes', async () => {
    const { stock, option, notices, ledger, later, data, gaps } = await market()
    for (const farm of ['usfarm', 'usopt']) notices.take(2104, FARM_OK + farm)
    notices.take(1100, 'lost')
    later(5)
    const effect = notices.take(1102, `${RESTORED} All data farms are connected: usfarm; secdefil.`)
    expect(effect?.kind === 'lines-kept' && [stock, option].map(effect.includes)).toEqual([true, false])
    data(stock)
    // Nothing was asked of the option: it is the farm's.
    expect(ledger.open).toMatchObject([{ cause: 'farm-broken: usopt' }])
    later(60)
    expect(notices.take(2104, `${FARM_OK}usopt`)).toMatchObject({ kind: 'lines-kept' })
    data(option)
    expect(ledger.open).toEqual([])
    expect(await gaps()).toEqual([
      ['ib-1100', 1, 10],
      ['farm-broken: usopt', 1, 70],
    ])
  })

  it('ends the outage of a farm that broke before, with its data', async () => {
    const { stock, option, notices, ledger, later, data } = await market()
    notices.take(2103, `${FARM_BROKEN}usopt`)
    notices.take(1100, 'lost')
    later(5)
    const effect = notices.take(1102, `${RESTORED} All data farms are connected: usfarm; usopt.`)
    expect(effect?.kind === 'lines-kept' && [stock, option].map(effect.includes)).toEqual([true, true])
    later()
    data(stock, option)
    expect(ledger.open).toEqual([])
  })

  it('names the usual farm of lines that none of it serves', async () => {
    const { notices, ledger } = await market()
    notices.take(1102, `${RESTORED} The following farms are connected: usfarm. The following farms are not connected: jfarm.`)
    expect(ledger.open).toMatchObject([{ cause: 'farm-broken: usopt' }])
  })
})

describe('an outage of a farm', () => {
  it('begins with the last data of its lines, and is over with theirs', async () => {
    const { stock, option, notices, ledger, later, data, gaps } = await market()
    data(stock)
    notices.take(2103, `${FARM_BROKEN}usopt`)
    later(5)
    data(stock)
    notices.take(2104, `${FARM_OK}usopt`)
    later()
    data(stock)
    expect(ledger.open).toHaveLength(1)
    data(option)
    expect(await gaps()).toEqual([['farm-broken: usopt', 1, 11]])
  })

  it('that was over with the data of other lines has its silent ones doubted when IB says that it works', async () => {
    const { stock, option, lines, notices, ledger, later, data } = await market()
    lines.push(open(new Line({ instrument: 7, contract: { ...OPTION, strike: 75 } }, 3)))
    notices.take(2103, `${FARM_BROKEN}usopt`)
    later(11)
    data(option)
    later(11)
    expect(ledger.open).toEqual([])
    const effect = notices.take(2104, `${FARM_OK}usopt`)
    expect(effect?.kind === 'lines-kept' && [stock, ...lines.slice(1)].map(effect.includes)).toEqual([false, true, true])
  })

  it('that was never known to be broken has its lines doubted when IB says that it works, and one without lines does not', async () => {
    const { stock, option, notices } = await market()
    const effect = notices.take(2104, `${FARM_OK}usopt`)
    expect(effect?.kind === 'lines-kept' && [stock, option].map(effect.includes)).toEqual([false, true])
    expect(notices.take(2104, `${FARM_OK}eufarm`)).toBeUndefined()
    expect(notices.take(2106, 'HMDS data farm connection is OK:ushmds')).toBeUndefined()
  })

  it('that serves none of the lines makes no gap', async () => {
    const { notices, ledger } = await market()
    for (const farm of ['jfarm', 'eufarm', 'cashfarm', 'usfuture', 'secdefil']) notices.take(2103, FARM_BROKEN + farm)
    notices.take(2105, 'HMDS data farm connection is broken:ushmds')
    expect(ledger.open).toEqual([])
  })

  it('of an unknown name is one of all lines', async () => {
    const { notices, ledger } = await market()
    notices.take(2103, `${FARM_BROKEN}newfarm`)
    expect(ledger.open).toMatchObject([{ cause: 'farm-broken: newfarm' }])
  })

  it('of history takes the tick-by-tick lines along, while market data goes on', async () => {
    const { stock, tickByTick, notices, ledger, later, data, gaps } = await market('tick-by-tick-quotes')
    notices.take(2105, 'HMDS data farm connection is broken:ushmds')
    expect(ledger.open).toMatchObject([{ cause: 'farm-broken: ushmds' }])
    later(30)
    data(stock)
    expect(ledger.open).toHaveLength(1)
    expect(notices.take(2106, 'HMDS data farm connection is OK:ushmds')).toMatchObject({ kind: 'lines-kept' })
    later()
    data(tickByTick)
    expect(await gaps()).toEqual([['farm-broken: ushmds', 1, 36]])
  })

  it('that turns out to be dormant is none', async () => {
    const { option, notices, ledger, later, gaps } = await market()
    notices.take(2103, `${FARM_BROKEN}usopt`)
    later(5)
    const effect = notices.take(2108, 'Market data farm connection is inactive but should be available upon demand:usopt')
    expect(effect?.kind === 'lines-kept' && effect.includes(option)).toBe(true)
    expect(ledger.open).toEqual([])
    expect(notices.take(2108, 'Market data farm connection is inactive but should be available upon demand:usopt')).toBeUndefined()
    expect(await gaps()).toEqual([['farm-broken: usopt', 1, 10]])
  })

  it('is part of the gap of all lines when the link goes, and forgotten with it', async () => {
    const { notices, outages, ledger, later, lines, data } = await market()
    notices.take(2103, `${FARM_BROKEN}usopt`)
    later()
    outages.linkLost('the link broke')
    notices.linkLost()
    expect(ledger.open).toMatchObject([{ cause: 'the link broke' }])
    outages.returned()
    later()
    data(...lines)
    expect(ledger.open).toEqual([])
  })
})

it('states in which a line is not waited for are those in which it is refused', () => {
  const refused: LineState[] = ['paused', 'no-line', 'refused']
  for (const event of ['pause', 'full', 'refuse'] as const) {
    const line = open(new Line({ instrument: 0, contract: STOCK }, 0))
    line.move(event, noLines())
    expect(refused).toContain(line.state)
  }
})
