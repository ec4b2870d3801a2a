import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createPacer, messageRate, type Priority } from '../../../../../collector/ib/link/pacer.ts'

const never = new AbortController().signal
setMaxListeners(0, never)
/** The pacer counts a message a little ahead of its sending, and more on a busy machine. A wrong window is off by hundreds. */
const MARGIN_MS = 100

describe('a pacer', () => {
  it('lets no more than its rate through in any second, in order, also across two bursts', async () => {
    const rate = 5
    const pacer = createPacer(rate)
    const sent: { n: number; atMs: number }[] = []
    const send = (n: number) => pacer.send(() => sent.push({ n, atMs: performance.now() }), never)

    // One alone, then bursts late in the second that it began: a window of fixed seconds would let twice the rate through here.
    await send(0)
    await sleep(800)
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(send))

    expect(sent.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    for (const [i, { atMs }] of sent.slice(rate).entries()) expect(atMs - (sent[i]?.atMs ?? 0)).toBeGreaterThan(1000 - MARGIN_MS)
  })

  it('forgets what its owner has given up, without charge', async () => {
    const pacer = createPacer(2)
    const sent: string[] = []
    const lost = new AbortController()
    setMaxListeners(0, lost.signal)
    const settled = Promise.allSettled(Array.from({ length: 60 }, (_, i) => pacer.send(() => sent.push(`old ${i}`), lost.signal)))
    lost.abort()
    // Behind 58 messages that still counted this would take half a minute.
    await pacer.send(() => sent.push('new'), never)

    expect(sent).toEqual(['old 0', 'old 1', 'new'])
    expect((await settled).slice(2).every(({ status }) => status === 'rejected')).toBe(true)
    await expect(pacer.send(() => sent.push('late'), lost.signal)).rejects.toThrow('aborted')
    expect(sent).toHaveLength(3)
  })

  it("goes on at its rate when the system's clock is set back by an hour, or forward", async () => {
    const pacer = createPacer(2)
    const now = vi.spyOn(Date, 'now')
    onTestFinished(() => now.mockRestore())
    const startMs = performance.now()
    for (const stepMs of [-3_600_000, 3_600_000]) {
      await Promise.all([1, 2].map(() => pacer.send(() => undefined, never)))
      now.mockReturnValue(Date.now() + stepMs)
      await Promise.all([3, 4].map(() => pacer.send(() => undefined, never)))
    }
    expect(performance.now() - startMs).toBeGreaterThan(3000 - MARGIN_MS)
  })

  it('lets what is urgent go first: heartbeat, cancels, lines, history', async () => {
    const rate = 3
    const pacer = createPacer(rate)
    const sent: string[] = []
    const messages: [Priority, string][] = [
      // These take the places of the first second.
      ['line', 'first'],
      ['line', 'second'],
      ['line', 'third'],
      ['history', 'details'],
      ['line', 'line 1'],
      ['cancel', 'cancel'],
      ['line', 'line 2'],
      ['heartbeat', 'time'],
    ]
    await Promise.all(messages.map(([priority, name]) => pacer.send(() => sent.push(name), never, priority)))

    expect(sent.slice(rate)).toEqual(['time', 'cancel', 'line 1', 'line 2', 'details'])
  })

  it('goes on at another rate when that is set', async () => {
    const [rate, messages] = [30, 60]
    const pacer = createPacer(1)
    const sentMs: number[] = []
    const all = Array.from({ length: messages }, () => pacer.send(() => sentMs.push(performance.now()), never))
    await all[0]
    // At the old rate this would take a minute.
    pacer.setRate(rate)
    await Promise.all(all)

    for (const [i, atMs] of sentMs.slice(rate).entries()) expect(atMs - (sentMs[i] ?? 0)).toBeGreaterThan(1000 - MARGIN_MS)
  })

  it('hands on the failure of a send and goes on', async () => {
    const pacer = createPacer(10)
    const failed = pacer.send(() => {
      throw new Error('socket is gone')
    }, never)
    await expect(failed).rejects.toThrow('socket is gone')
    await expect(pacer.send(() => undefined, never)).resolves.toBeUndefined()
  })
})

describe('the rate of messages', () => {
  it.each([
    // IB takes 50 a second from an account of 100 lines, which is the smallest.
    [{ messagesPerSecond: 500, lines: 100 }, 40],
    [{ messagesPerSecond: 500, lines: 20 }, 40],
    [{ messagesPerSecond: 500, lines: 200 }, 80],
    [{ messagesPerSecond: 500, lines: 10_000 }, 500],
    [{ messagesPerSecond: 40, lines: 1000 }, 40],
    [{ messagesPerSecond: 10, lines: 100 }, 10],
  ])('of %o is %i', (settings, rate) => {
    expect(messageRate(settings)).toBe(rate)
  })
})
