import { setImmediate as nextTurn } from 'node:timers/promises'

import { pino } from 'pino'
import { describe, expect, it } from 'vitest'

import { Detection, type DetectionOptions, type Engine } from '../../../../collector/detect/detection.ts'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import type { TapeRecord } from '../../../../market/tick.ts'

const alive = (seq: number): TapeRecord => ({ kind: 'session', event: 'alive', seq, tsUs: seq })
const started = (seq: number): TapeRecord => ({ kind: 'session', event: 'started', seq, tsUs: seq })

/** Keeps what it was given, by engine; one record may make it throw. */
function watched(options: Partial<DetectionOptions> & { throwsAt?: number } = {}) {
  const engines: { looked: number[]; passed: number[] }[] = []
  const lines: { msg: string; records?: number }[] = []
  const createEngine = (): Engine => {
    const engine = { looked: [] as number[], passed: [] as number[] }
    engines.push(engine)
    return {
      take: ({ seq }) => {
        if (seq === options.throwsAt) throw new Error('a detector is broken')
        engine.looked.push(seq)
      },
      pass: ({ seq }) => {
        engine.passed.push(seq)
      },
    }
  }
  const events = createEvents(pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) }), createCounts())
  const detection = new Detection({ createEngine, events, ...options })
  const take = (from: number, to: number) => {
    for (let seq = from; seq <= to; seq++) detection.take(alive(seq), 1)
  }
  return { detection, engines, lines, take }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('detection', () => {
  it('looks at nothing within the recording, and at everything in turns of its own', async () => {
    const lags: number[] = []
    const { detection, engines, take } = watched({ onTurn: (lagMs) => lags.push(lagMs) })
    take(1, 1000)
    expect([engines[0]?.looked, detection.queued]).toEqual([[], 1000])
    await detection.idle()
    expect([engines[0]?.looked, detection.queued]).toEqual([numbers(1, 1000), 0])
    expect(lags.length).toBeGreaterThan(0)
    expect(lags.every((lagMs) => lagMs >= 0)).toBe(true)
    take(1001, 1002)
    await detection.idle()
    expect(engines[0]?.looked).toEqual(numbers(1, 1002))
    await detection.idle()
  })

  it('lets others have their turn while much is queued', async () => {
    const { detection, engines, take } = watched({
      limit: 10,
      onTurn: () => {
        turns++
        if (turns < 50) take(turns + 1, turns + 1)
      },
    })
    let turns = 0
    let others = 0
    take(1, 1)
    while (detection.queued > 0) {
      await nextTurn()
      others++
    }
    expect(others).toBeGreaterThan(20)
    expect(engines[0]?.looked).toEqual(numbers(1, 50))
  })

  it('passes on what it cannot look at in time, in order, so that the state misses nothing, and looks again when it has caught up', async () => {
    const { detection, engines, lines, take } = watched({ limit: 100 })
    take(1, 250)
    // The oldest went into the state at once.
    expect(engines[0]).toEqual({ looked: [], passed: numbers(1, 150) })
    expect([detection.state, detection.queued]).toEqual(['behind', 100])
    await detection.idle()
    expect(engines[0]).toEqual({ looked: [], passed: numbers(1, 250) })
    expect([detection.state, detection.passed]).toEqual(['watching', 250])
    expect(lines).toMatchObject([{ records: 250, msg: expect.stringContaining('overrun') as string }])
    take(251, 260)
    await detection.idle()
    expect(engines[0]?.looked).toEqual(numbers(251, 260))
  })

  it('says that it was behind a few times a minute at most', async () => {
    const { detection, lines, take } = watched({ limit: 2 })
    for (let i = 0; i < 50; i++) {
      take(1, 3)
      await detection.idle()
    }
    expect(detection.passed).toBe(150)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.length).toBeLessThan(12)
  })

  it('is off behind an engine that throws, until a session starts, with a new engine', async () => {
    const { detection, engines, lines, take } = watched({ throwsAt: 3 })
    take(1, 10)
    await detection.idle()
    expect(detection.state).toBe('failed')
    take(11, 20)
    await detection.idle()
    expect(engines).toEqual([{ looked: [1, 2], passed: [] }])
    expect(lines).toMatchObject([{ level: 50, err: { message: 'a detector is broken' } }])
    detection.take(started(1), 2)
    take(4, 6)
    await detection.idle()
    expect(detection.state).toBe('watching')
    expect(engines[1]).toEqual({ looked: [1, 4, 5, 6], passed: [] })
  })

  it('is off as well when its engine throws while the queue is full', async () => {
    const events = createEvents(pino({ level: 'silent' }), createCounts())
    const lags: number[] = []
    const broken: Engine = {
      take: () => undefined,
      pass: () => {
        throw new Error('broken')
      },
    }
    const detection = new Detection({ createEngine: () => broken, events, limit: 2, onTurn: (lagMs) => lags.push(lagMs) })
    for (const seq of [1, 2, 3]) detection.take(alive(seq), 1)
    expect([detection.state, detection.queued]).toEqual(['failed', 0])
    // The turn that was asked for before finds nothing, and has nothing to say of how long it took.
    await detection.idle()
    expect(lags).toEqual([])
    detection.take(started(1), 2)
    expect([detection.state, detection.queued]).toEqual(['watching', 1])
  })
  it('is off when its listener throws, and the program goes on', async () => {
    const { detection, engines, lines, take } = watched({
      onTurn: () => {
        throw new Error('no such number')
      },
    })
    take(1, 3)
    await detection.idle()
    expect([detection.state, detection.queued]).toEqual(['failed', 0])
    expect(engines[0]?.looked).toEqual([1, 2, 3])
    expect(lines).toMatchObject([{ level: 50, err: { message: 'no such number' } }])
  })
})
