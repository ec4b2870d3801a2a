import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import { ContractBook } from '../../../../../backtester/gateway/contracts/contracts.ts'
import type { Outlet } from '../../../../../backtester/gateway/book/outlet.ts'
import { type Audience, TapePlayer } from '../../../../../backtester/gateway/server/player.ts'
import { Sampler } from '../../../../../backtester/gateway/book/sampler.ts'
import { tapeSource } from '../../../../../db/tape/tape-source.ts'
import { FrameWriter } from '../../../../../backtester/gateway/protocol/wire.ts'
import type { TapeRecord } from '../../../../../market/tick.ts'
import {
  CONTRACTS,
  MS_US,
  OPEN_US,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
} from '../../../../support/gateway/gateway-tape.ts'
import { PATIENTLY } from '../../../../support/waiting.ts'

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

/** A player with one client that has one line, on the stock. What reaches it is kept as words and seconds behind the opening. */
class Stage implements Audience, Outlet {
  readonly writer = new FrameWriter()
  readonly heard: string[] = []
  isBehind = false
  /** The tape was read, and the player has waited for the wall: from here on it is moved by timers alone. */
  hasPaused = false
  readonly player: TapePlayer
  readonly done: Promise<void>

  constructor(path: string, speed: number | 'max', sampling = true) {
    const book = new ContractBook(CONTRACTS)
    const sampler = new Sampler(
      CONTRACTS.map((contract, i) => [i, { listed: book.listed(contract) }]),
      sampling,
    )
    sampler.open(book.listed(TWX), 1, this, OPEN_US)
    this.player = new TapePlayer({ source: tapeSource(path), startUs: OPEN_US, speed }, sampler, this)
    this.done = this.player.run()
  }

  get nowSeconds(): number {
    return (this.player.nowUs - OPEN_US) / SECOND_US
  }

  atTapeTime(tsUs: number): void {
    this.#hear('tick', tsUs)
  }

  spill(): void {
    this.writer.take()
  }

  flush(): void {
    this.hasPaused = true
  }

  publishTime(tsUs: number): void {
    this.#hear('time', tsUs)
  }

  publishEnd(tsUs: number): void {
    this.#hear('end', tsUs)
  }

  #hear(word: string, tsUs: number): void {
    this.heard.push(`${word} ${(tsUs - OPEN_US) / SECOND_US}`)
  }
}

function stockQuote(afterUs: number, price: number): TapeRecord {
  return quoteAt(afterUs, 0, [price, 1])
}

function write(...ticks: TapeRecord[]): Promise<string> {
  return room.write(tapeOf(ticks))
}

/** A turn of the event loop, in which files are read. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

describe('at full speed', () => {
  it('stands still at the first tick until it is started', async () => {
    const stage = new Stage(await write(stockQuote(0, 70), stockQuote(SECOND_US, 71)), 'max')
    await turn()
    expect(stage.player.state).toBe('standing')
    expect(stage.nowSeconds).toBe(0)
    expect(stage.heard).toEqual([])
    stage.player.start()
    stage.player.start()
    await stage.done
    expect(stage.player.state).toBe('ended')
    expect(stage.heard).toEqual(['tick 0', 'tick 1', 'end 1'])
    expect(stage.nowSeconds).toBe(1)
  })

  it('sends the last change before it publishes the end', async () => {
    const stage = new Stage(await write(stockQuote(0, 70), stockQuote(10 * MS_US, 71)), 'max')
    stage.player.start()
    await stage.done
    expect(stage.heard).toEqual(['tick 0', 'tick 0.25', 'end 0.25'])
  })

  it('tells the time at least once per minute of the tape, in order with the ticks', async () => {
    const stage = new Stage(await write(stockQuote(0, 70), stockQuote(150 * SECOND_US, 71), stockQuote(180 * SECOND_US, 72)), 'max')
    stage.player.start()
    await stage.done
    expect(stage.heard).toEqual(['tick 0', 'time 60', 'time 120', 'tick 150', 'tick 180', 'end 180'])
  })

  it('waits while a client is behind, and goes on behind it', async () => {
    const stage = new Stage(await write(stockQuote(0, 70), stockQuote(SECOND_US, 71)), 'max')
    stage.isBehind = true
    stage.player.start()
    for (let i = 0; i < 20; i++) await turn()
    expect(stage.heard).toEqual([])
    stage.isBehind = false
    stage.player.relieve()
    await stage.done
    expect(stage.heard).toEqual(['tick 0', 'tick 1', 'end 1'])
  })

  it('does not turn back for a tick that comes with an earlier time', async () => {
    const stage = new Stage(await write(stockQuote(SECOND_US, 70), stockQuote(0, 71)), 'max', false)
    stage.player.start()
    await stage.done
    expect(stage.heard).toEqual(['tick 1', 'tick 1', 'end 1'])
  })

  it('can be stopped before it was started', async () => {
    const stage = new Stage(await write(stockQuote(0, 70)), 'max')
    stage.player.stop()
    await stage.done
    expect(stage.heard).toEqual(['end 0'])
  })

  it('stops though a client is behind', async () => {
    const stage = new Stage(await write(stockQuote(0, 70), stockQuote(SECOND_US, 71)), 'max')
    stage.spill = () => {
      stage.writer.take()
      stage.isBehind = true
    }
    stage.player.start()
    await vi.waitUntil(() => stage.heard.length > 0, PATIENTLY)
    for (let i = 0; i < 20; i++) await turn()
    stage.player.stop()
    await stage.done
    expect(stage.heard).toEqual(['tick 0', 'end 0'])
  })

  it('rejects when the tape is gone', async () => {
    const stage = new Stage('/nowhere/none.tape', 'max')
    stage.player.start()
    await expect(stage.done).rejects.toThrow('does not exist')
  })
})

describe('at a speed', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** Waits until the player waits for the wall. A timer alone does not say so: files share a process, and what others left may set some. */
  async function asleep(stage: Stage): Promise<void> {
    do await turn()
    while (!stage.hasPaused || vi.getTimerCount() === 0)
  }

  async function pass(ms: number): Promise<void> {
    vi.advanceTimersByTime(ms)
    await turn()
  }

  it('plays tape seconds per second of the wall', async () => {
    const stage = new Stage(await write(stockQuote(0, 70), stockQuote(20 * SECOND_US, 71)), 60)
    stage.player.start()
    await asleep(stage)
    expect(stage.heard).toEqual(['tick 0'])
    await pass(100)
    await asleep(stage)
    expect(stage.nowSeconds).toBe(6)
    await pass(233)
    await asleep(stage)
    expect(stage.heard).toEqual(['tick 0'])
    await pass(1)
    await stage.done
    expect(stage.heard).toEqual(['tick 0', 'tick 20', 'end 20'])
  })

  it('tells the time once per second of the wall while nothing happens', async () => {
    const stage = new Stage(await write(stockQuote(0, 70), stockQuote(25 * SECOND_US, 71)), 10)
    stage.player.start()
    for (let i = 0; i < 3; i++) {
      await asleep(stage)
      await pass(1000)
    }
    await stage.done
    expect(stage.heard).toEqual(['tick 0', 'time 10', 'time 20', 'tick 25', 'end 25'])
  })

  it('catches up without drift when the wall has gone ahead', async () => {
    const ticks = Array.from({ length: 40 }, (_, i) => stockQuote(i * SECOND_US, 70 + i))
    const stage = new Stage(await write(...ticks), 1)
    stage.player.start()
    await asleep(stage)
    await pass(30_000)
    await asleep(stage)
    expect(stage.heard.filter((line) => line.startsWith('tick')).at(-1)).toBe('tick 30')
    expect(stage.nowSeconds).toBe(30)
    stage.player.stop()
    await stage.done
  })

  it('stands still while a client is behind and does not hurry afterwards', async () => {
    const stage = new Stage(await write(stockQuote(0, 70), stockQuote(SECOND_US, 71), stockQuote(3 * SECOND_US, 72)), 1)
    stage.player.start()
    await asleep(stage)
    stage.isBehind = true
    await pass(1000)
    for (let i = 0; i < 20; i++) await turn()
    vi.advanceTimersByTime(60_000)
    expect(stage.nowSeconds).toBe(1)
    expect(stage.heard).toEqual(['tick 0'])
    stage.isBehind = false
    stage.player.relieve()
    await asleep(stage)
    expect(stage.heard.filter((line) => line.startsWith('tick'))).toEqual(['tick 0', 'tick 1'])
    expect(stage.nowSeconds).toBe(1)
    stage.player.stop()
    await stage.done
    expect(stage.heard.at(-1)).toBe('end 1')
  })

  it('sends what waits for its step when it is stopped', async () => {
    const stage = new Stage(await write(stockQuote(10 * MS_US, 70), stockQuote(SECOND_US, 71)), 0.001)
    stage.player.start()
    await asleep(stage)
    await pass(10_000)
    await asleep(stage)
    expect(stage.heard.at(-1)).toBe('time 0.01')
    stage.player.stop()
    await stage.done
    expect(stage.heard.slice(-3)).toEqual(['time 0.01', 'tick 0.25', 'end 0.25'])
  })

  it('is cut short by a stop, but not by one that comes behind its end', async () => {
    const path = await write(stockQuote(0, 70), stockQuote(10_000_000 * SECOND_US, 71))
    const cut = new Stage(path, 0.001)
    cut.player.start()
    await asleep(cut)
    cut.player.stop()
    await cut.done
    expect(cut.player.isCutShort).toBe(true)

    const whole = new Stage(path, 'max')
    whole.player.start()
    await whole.done
    whole.player.stop()
    expect(whole.player.isCutShort).toBe(false)
  })

  it('ends at once when it is stopped in a long quiet stretch', async () => {
    const stage = new Stage(await write(stockQuote(0, 70), stockQuote(10_000_000 * SECOND_US, 71)), 0.001)
    stage.player.start()
    await asleep(stage)
    stage.player.stop()
    await stage.done
    expect(stage.heard).toEqual(['tick 0', 'end 0'])
  })
})
