import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'

import { Webhook, type WebhookMessage, type WebhookSettings } from '../../../../collector/detect/webhook.ts'
import { createCounts } from '../../../../collector/telemetry/counts.ts'
import { createEvents } from '../../../../collector/telemetry/events/index.ts'
import { assessment, episode } from '../../../support/episodes.ts'

const NOON_MS = Date.parse('2024-06-03T16:00:00Z')
const MINUTE_MS = 60_000

/** A webhook in New York, and the address that it posts to, which answers with `answers` one after the other, then with 200. */
async function rig(settings: Partial<WebhookSettings> = {}, answers: number[] = []) {
  const posted: WebhookMessage[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (part) => (text += String(part)))
    request.on('end', () => {
      const status = answers.shift() ?? 200
      if (status === 200) posted.push(JSON.parse(text) as WebhookMessage)
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  const lines: { level: number; msg: string; reason?: string }[] = []
  const clock = { nowMs: NOON_MS }
  const webhook = new Webhook({
    settings: {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret`,
      perHour: 3,
      timeZone: 'America/New_York',
      ...settings,
    },
    events: createEvents(pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) }), createCounts()),
    nowMs: () => clock.nowMs,
    retryMs: 1,
  })
  onTestFinished(() => webhook.stop())
  return { webhook, posted, lines, clock }
}

describe('the webhook', () => {
  it('posts what has opened, with a line for people', async () => {
    const { webhook, posted, lines } = await rig()
    webhook.opened(episode())
    await webhook.sent()
    expect(posted).toMatchObject([
      {
        text:
          'TWX 2014-06-21: conversion, guaranteed, 46.00 USD for 2, 0.2300 a share after fees: ' +
          'buy 1 TWX at 70.01, buy 1 TWX 2014-06-21 70 P at 1.05, sell 1 TWX 2014-06-21 70 C at 1.31',
        heldBack: 0,
        opportunity: { id: '7-12-1', last: { profit: 46 } },
      },
    ])
    expect(lines).toEqual([])
  })

  it('posts no more in an hour than it may, and then says how many were held back', async () => {
    const { webhook, posted, clock } = await rig()
    for (let i = 0; i < 10; i++) {
      clock.nowMs += MINUTE_MS
      webhook.opened(episode({ id: String(i) }))
    }
    await webhook.sent()
    expect(posted.map(({ opportunity }) => opportunity.id)).toEqual(['0', '1', '2'])
    expect(webhook.heldBack).toBe(7)
    // The first of the hour has left it, the second has not.
    clock.nowMs = NOON_MS + 61 * MINUTE_MS
    for (const id of ['a', 'b']) webhook.opened(episode({ id }))
    await webhook.sent()
    expect(posted[3]).toMatchObject({ heldBack: 7, text: expect.stringContaining('(7 more were held back)') as string })
    expect([posted.length, webhook.heldBack]).toEqual([4, 1])
  })

  it.each([
    { from: '22:00', to: '07:30', quiet: ['22:00', '23:59', '00:00', '07:29'], loud: ['21:59', '07:30', '12:00'] },
    { from: '09:00', to: '10:00', quiet: ['09:00', '09:59'], loud: ['08:59', '10:00'] },
  ])('posts nothing from $from to $to in its zone', async ({ from, to, quiet, loud }) => {
    const { webhook, posted, clock } = await rig({ quietHours: { from, to }, perHour: 100 })
    const at = (time: string) => {
      clock.nowMs = Date.parse(`2024-06-03T${time}:00-04:00`)
      webhook.opened(episode({ id: time }))
    }
    quiet.forEach(at)
    expect(webhook.heldBack).toBe(quiet.length)
    loud.forEach(at)
    await webhook.sent()
    expect(posted.map(({ opportunity }) => opportunity.id)).toEqual(loud)
    expect(posted.map(({ heldBack }) => heldBack)).toEqual([quiet.length, ...loud.slice(1).map(() => 0)])
  })

  it('tries again, then gives a message up, and says so once without naming its address', async () => {
    const { webhook, posted, lines } = await rig({}, [500, 503, 200, 404, 404, 404])
    webhook.opened(episode({ id: 'a' }))
    webhook.opened(episode({ id: 'b', opened: assessment({ profit: 1 }) }))
    await webhook.sent()
    expect(posted.map(({ opportunity }) => opportunity.id)).toEqual(['a'])
    expect(lines).toMatchObject([{ level: 40, reason: 'expected a status of 200 to 299, found 404' }])
    webhook.opened(episode({ id: 'c' }))
    await webhook.sent()
    expect(posted.at(-1)?.opportunity.id).toBe('c')
    expect(lines[1]).toMatchObject({ level: 30, msg: 'the webhook takes messages again' })
    expect(JSON.stringify(lines)).not.toContain('secret')
  })

  it('says in the next message how many were not taken', async () => {
    const { webhook, posted } = await rig({}, [404, 404, 404])
    webhook.opened(episode({ id: 'a' }))
    await webhook.sent()
    expect(webhook.heldBack).toBe(1)
    webhook.opened(episode({ id: 'b' }))
    await webhook.sent()
    expect(posted).toMatchObject([{ heldBack: 1, opportunity: { id: 'b' } }])
    expect(webhook.heldBack).toBe(0)
  })

  it('lets ten messages wait for an address that does not answer, and counts the others', async () => {
    const { webhook, posted } = await rig({ perHour: 100 }, [404, 404, 404])
    for (let i = 0; i < 15; i++) webhook.opened(episode({ id: String(i) }))
    expect(webhook.heldBack).toBe(5)
    await webhook.sent()
    expect(posted.map(({ opportunity }) => opportunity.id)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
    webhook.opened(episode({ id: 'x' }))
    await webhook.sent()
    expect(posted.at(-1)).toMatchObject({ heldBack: 6, opportunity: { id: 'x' } })
  })

  it.each([
    ['http://user:password@127.0.0.1:9/secret', 'TypeError'],
    ['http://127.0.0.1:1/secret', /^(ECONNREFUSED|bad port)$/],
  ])('does not name its address when it cannot be asked: %s', async (url, reason) => {
    const { webhook, lines } = await rig({ url })
    webhook.opened(episode())
    await webhook.sent()
    expect(lines).toMatchObject([{ level: 40, reason: expect.stringMatching(reason) as string }])
    expect(JSON.stringify(lines)).not.toMatch(/secret|password/)
  })

  it('follows no redirection: what it says is for the address of the settings', async () => {
    const { webhook, posted, lines } = await rig({}, [302, 302, 302])
    webhook.opened(episode())
    await webhook.sent()
    expect(posted).toEqual([])
    expect(lines).toHaveLength(1)
  })

  it('ends at once when it is stopped', async () => {
    const { webhook, posted, lines } = await rig({}, [500, 500, 500])
    webhook.stop()
    webhook.opened(episode())
    await webhook.sent()
    expect([posted, lines]).toEqual([[], []])
  })
})
