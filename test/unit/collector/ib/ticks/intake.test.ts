import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { SILENCE_MS } from '../../../../../collector/ib/ticks/assemble.ts'
import { Intake } from '../../../../../collector/ib/ticks/intake.ts'
import type { ControlMessage, GatewayMessage } from '../../../../../collector/ib/messages.ts'
import { type Assembled, ASK, BID, price, recordingAssembler } from './line-messages.ts'
import { PATIENTLY } from '../../../../support/waiting.ts'

const CONTROL: ControlMessage = { type: 'current-time', value: 1, arrivalMs: 0 }

function intakeOf(silenceMs?: number): Assembled & { intake: Intake; log: string[]; counted: number[] } {
  const assembled = recordingAssembler(silenceMs)
  assembled.assembler.openLine(1, 11)
  const log: string[] = []
  const counted: number[] = []
  const intake = new Intake({
    assembler: assembled.assembler,
    onControl: ({ type }) => log.push(`${type} after ${assembled.ticks.length} ticks`),
    onMessage: (messages) => counted.push(messages),
  })
  return { ...assembled, intake, log, counted }
}

const bid = (arrivalMs = performance.now(), value = 1): GatewayMessage => price(1, BID, value, 1, arrivalMs)
const ask = (arrivalMs = performance.now(), value = 2): GatewayMessage => price(1, ASK, value, 1, arrivalMs)

/** Blocks the event loop, as a long computation does. */
function block(ms: number): void {
  const untilMs = Date.now() + ms
  while (Date.now() < untilMs);
}

describe('the intake', () => {
  it('ends the open group before it hands on another message, and counts all of them', () => {
    const { intake, log, counted } = intakeOf()
    intake.take([bid(), ask(), CONTROL, bid(), CONTROL])
    intake.stop()

    expect(log).toEqual(['current-time after 1 ticks', 'current-time after 2 ticks'])
    expect(counted).toEqual([5])
  })

  it('keeps a group open over several deliveries', () => {
    const { intake, ticks } = intakeOf()
    intake.take([bid()])
    intake.take([ask()])
    expect(ticks).toEqual([])

    intake.take([CONTROL])
    expect(ticks).toEqual([{ kind: 'quote', instrument: 11, bidPrice: 1, bidSize: 1, askPrice: 2, askSize: 1 }])
  })

  it('ends a group that has fallen silent, though nothing more comes', async () => {
    const { intake, ticks } = intakeOf()
    intake.take([bid()])
    await vi.waitFor(() => expect(ticks).toHaveLength(1), PATIENTLY)

    intake.take([ask()])
    await vi.waitFor(() => expect(ticks).toHaveLength(2), PATIENTLY)
    expect(ticks.at(-1)).toMatchObject({ bidPrice: 1, askPrice: 2 })
  })

  it('judges a silence again when messages came while it waited', async () => {
    const { intake, ticks } = intakeOf()
    intake.take([bid()])
    // Later by its stamp than the timer that the bid has set.
    intake.take([ask(performance.now() + 40)])
    await vi.waitFor(() => expect(ticks).toHaveLength(1), PATIENTLY)

    expect(ticks).toEqual([{ kind: 'quote', instrument: 11, bidPrice: 1, bidSize: 1, askPrice: 2, askSize: 1 }])
  })

  it('takes what waited for a busy event loop before it judges a silence', async () => {
    const { intake, ticks } = intakeOf()
    intake.take([bid()])
    // When the loop gets on, the silence is due first, and the link's delivery of what came in the meantime stands behind it.
    const delivered = new Promise<void>((resolve) => {
      setTimeout(() => {
        setImmediate(() => {
          intake.take([ask()])
          resolve()
        })
      }, SILENCE_MS)
    })
    block(4 * SILENCE_MS)
    await delivered
    expect(ticks).toEqual([])

    await vi.waitFor(() => expect(ticks).toHaveLength(1), PATIENTLY)
    expect(ticks[0]).toMatchObject({ bidPrice: 1, askPrice: 2 })
  })

  it('judges a silence by what had come when its time was up, not by how long the judging took', async () => {
    const { intake, ticks } = intakeOf()
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000)
    onTestFinished(() => now.mockRestore())
    intake.take([bid()])
    now.mockReturnValue(1000 + SILENCE_MS)
    const judged = new Promise<void>((resolve) => {
      // Behind the intake's own timer and immediate, ahead of its judgement.
      setTimeout(() => {
        setImmediate(() => {
          now.mockReturnValue(1000 + SILENCE_MS + 0.2)
          intake.take([ask()])
          now.mockReturnValue(1100)
          setImmediate(resolve)
        })
      }, SILENCE_MS)
    })
    // Both timers are due when the loop gets on, and run in one go.
    block(4 * SILENCE_MS)
    await judged
    expect(ticks).toEqual([])

    await vi.waitFor(() => expect(ticks).toHaveLength(1), PATIENTLY)
    expect(ticks[0]).toMatchObject({ bidPrice: 1, askPrice: 2 })
  })

  it('waits for the end that a gateway marks, when it marks it', async () => {
    const { intake, ticks } = intakeOf(Number.POSITIVE_INFINITY)
    const set = vi.spyOn(globalThis, 'setTimeout')
    intake.take([bid()])
    const timers = set.mock.calls.length
    set.mockRestore()
    expect(timers).toBe(0)
    expect(ticks).toEqual([])

    intake.take([CONTROL])
    expect(ticks).toHaveLength(1)
  })

  it('keeps the group that was open when the link ended out of the quotes', () => {
    const { intake, ticks } = intakeOf()
    intake.take([bid()])
    intake.stop()

    expect(ticks).toEqual([
      expect.objectContaining({
        bidPrice: 1,
        verdict: expect.objectContaining({ findings: [expect.objectContaining({ rule: 'unfinished' })] }),
      }),
    ])
  })

  it('goes on after a stop, with the messages of the next link', async () => {
    const { intake, ticks, assembler } = intakeOf()
    intake.take([bid()])
    intake.stop()
    assembler.openLine(1, 12)
    intake.take([bid()])
    await vi.waitFor(() => expect(ticks).toHaveLength(2), PATIENTLY)

    expect(ticks[1]).toEqual({ kind: 'quote', instrument: 12, bidPrice: 1, bidSize: 1 })
  })
})
