/** The rooms joined: what the gateway says beside its data does not fill the log, and what cannot be read is not passed over. */

import { describe, expect, it, vi } from 'vitest'
import { createWallClock } from '../../../collector/record/clock.ts'
import { PATIENTLY } from '../../support/waiting.ts'
import { collectorOn, reqIdsOf } from './topology-support.ts'

describe('a flood of notices', () => {
  it('that differ in numbers only is one line in the log, and how many more there were is another', async () => {
    const { finish, tws, linesOpen, counts, logged } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    const [one = ''] = reqIdsOf(gateway)
    for (let i = 0; i < 100; i++) {
      gateway.send(4, 2, -1, 2100, `account request ${i}`, '')
      gateway.send(4, 2, one, 2174, `time zone assumed for request ${i}`, '')
    }
    gateway.send(1, 6, one, 1, 70.5, 3, 1)
    await vi.waitFor(() => expect(counts.received).toBe(1), PATIENTLY)
    await finish()
    const notices = logged.filter(({ code }) => code === 2100 || code === 2174).map(({ text, repeated }) => [text, repeated])
    expect(notices).toEqual([
      ['account request 0', undefined],
      ['time zone assumed for request 0', undefined],
      ['account request 99', 99],
      ['time zone assumed for request 99', 99],
    ])
  })
})

describe('messages that cannot be decoded', () => {
  it('are logged as errors, once for each kind', async () => {
    const { tws, linesOpen, counts, logged } = await collectorOn(createWallClock())
    const gateway = await tws(0)
    await linesOpen(2)
    const [one = ''] = reqIdsOf(gateway)
    for (let i = 0; i < 10; i++) gateway.send(1, 6, one, 1)
    for (let i = 0; i < 10; i++) gateway.send(231, i)
    gateway.send(1, 6, one, 1, 70.5, 3, 1)
    await vi.waitFor(() => expect(counts.received).toBe(1), PATIENTLY)
    const errors = logged.filter(({ level }) => level === 50).map(({ what }) => what)
    expect(counts.unreadable).toBe(20)
    expect(errors).toEqual([expect.stringMatching(/^Underrun error on TICK_PRICE/), expect.stringMatching(/^No parser .*231/)])
  })
})
