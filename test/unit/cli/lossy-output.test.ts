import { Duplex, Writable } from 'node:stream'

import { describe, expect, it } from 'vitest'

import { CountedEvents } from '../../../cli/counted-events.ts'
import { logDestination } from '../../../cli/logger.ts'
import { LossyOutput } from '../../../cli/lossy-output.ts'

/** A reader that takes one text at a time, each when the test says so. */
class SlowReader extends Writable {
  readonly taken: string[] = []
  #take: (() => void) | undefined

  constructor() {
    super({ decodeStrings: false })
  }

  override _write(text: string, _encoding: string, done: () => void): void {
    this.#take = () => {
      this.taken.push(text)
      done()
    }
  }

  /** Takes everything that was written. */
  async catchUp(): Promise<void> {
    while (this.writableLength > 0) {
      this.#take?.()
      await new Promise(setImmediate)
    }
  }
}

const asTerminal = (stream: Writable) => stream as unknown as ConstructorParameters<typeof LossyOutput>[0]

describe('an output', () => {
  it('drops what a reader that stalls does not take, and goes on when it reads again', async () => {
    const reader = new SlowReader()
    const output = new LossyOutput(asTerminal(reader))
    expect(['a', 'b', 'c'].map((text) => output.offer(text))).toEqual([true, false, false])
    expect(output.dropped).toBe(2)
    await reader.catchUp()
    expect(output.offer('d')).toBe(true)
    expect(output.dropped).toBe(0)
    await reader.catchUp()
    expect(reader.taken).toEqual(['a', 'd'])
  })

  it('keeps at most the configured amount for the reader', () => {
    const reader = new SlowReader()
    const output = new LossyOutput(asTerminal(reader))
    for (let i = 0; i < 1000; i++) output.offer('x'.repeat(10), 100)
    expect(reader.writableLength).toBe(110)
    expect(output.dropped).toBe(989)
  })

  it('writes nothing more to a reader that has gone, and says so once', async () => {
    const gone: string[] = []
    const stream = new Duplex({ write: (_text, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })) })
    const output = new LossyOutput(asTerminal(stream), ({ message }) => gone.push(message))
    expect(output.offer('a')).toBe(true)
    await new Promise(setImmediate)
    expect(output.offer('b', Number.POSITIVE_INFINITY)).toBe(false)
    stream.emit('error', new Error('again'))
    expect(gone).toEqual(['write EPIPE'])
    expect(output.dropped).toBe(0)
  })
})

describe('the log', () => {
  it('says how many lines its reader has missed once it reads again', async () => {
    const reader = new SlowReader()
    const log = logDestination(new LossyOutput(asTerminal(reader)), false)
    const line = `${JSON.stringify({ level: 30, msg: 'x'.repeat(600_000) })}\n`
    for (let i = 0; i < 5; i++) log.write(line)
    expect(reader.writableLength).toBe(2 * line.length)
    await reader.catchUp()
    log.write('{"level":30,"msg":"after"}\n')
    await reader.catchUp()
    expect(reader.taken.slice(2).map((text) => JSON.parse(text))).toEqual([
      { level: 30, msg: 'after' },
      { level: 40, time: expect.any(Number), lines: 3, msg: 'log lines before the last one were dropped: their reader had stalled' },
    ])
  })
})

describe('events that count', () => {
  it('wait for a reader that is behind, and tell it how many it missed', async () => {
    const reader = new SlowReader()
    const events = new CountedEvents(new LossyOutput(asTerminal(reader)), 'opportunity')
    const note = 'x'.repeat(1 << 20)
    for (let id = 0; id < 20; id++) events.write({ id, note })
    expect(reader.writableLength).toBeLessThan(10 << 20)
    await reader.catchUp()
    const first = reader.taken.splice(0).map((line) => JSON.parse(line) as { event: string; id: number })
    expect(first.map(({ id }) => id)).toEqual(first.map((_, i) => i))
    expect(first.length).toBeGreaterThan(7)
    events.write({ id: 20 })
    events.write({ id: 21 })
    events.tellMissed()
    await reader.catchUp()
    expect(reader.taken.map((line) => JSON.parse(line) as unknown)).toEqual([
      { event: 'opportunity', id: 20 },
      { event: 'missed', name: 'opportunity', count: 20 - first.length },
      { event: 'opportunity', id: 21 },
    ])
  })
})
