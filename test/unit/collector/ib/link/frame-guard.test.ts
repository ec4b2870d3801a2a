/** Bytes that are no messages, on their way into a link and a feed. */

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { frame, greet, type TwsConnection } from '../../../../support/gateway/scripted-tws.ts'
import { connectedLink, feedTo, linkTo, plain, twsFor } from '../tws-support.ts'
import { PATIENTLY } from '../../../../support/waiting.ts'

const lengthOf = (bytes: number) => {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(bytes)
  return head
}
const TICK = frame(1, 6, 7, 1, '70.5', 3, 1)
const TICK_PRICE = expect.objectContaining({ type: 'price', reqId: 7, price: 70.5 })

/** A link that is up and gets these bytes, in reads of their own, one after the other. */
async function linkThatGets(...reads: Buffer[]) {
  const unreadable: string[] = []
  const watched = await connectedLink({ onUnreadable: (what) => unreadable.push(what) })
  for (const bytes of reads) await new Promise((resolve) => watched.tws.socket.write(bytes, resolve))
  return { ...watched, unreadable }
}

describe('a frame', () => {
  it.each([
    ['2^31', 2 ** 31],
    ['2^32 - 1', 2 ** 32 - 1],
    ['2^32 - 4', 2 ** 32 - 4],
    ['2^24', 2 ** 24],
  ])('that announces %s bytes ends the link, behind what came before it', async (_, bytes) => {
    const { messages, losses, link } = await linkThatGets(Buffer.concat([TICK, lengthOf(bytes), TICK]))
    await vi.waitFor(() => expect(losses).toHaveLength(1), PATIENTLY)
    expect(losses[0]).toBe(`it announced a message of ${bytes} bytes, longer than any of TWS. Check that TWS or IB Gateway listens there`)
    expect(messages).toEqual([TICK_PRICE])
    expect(link.lost).toBe(true)
  })

  it('whose length comes byte by byte is judged all the same', async () => {
    const { losses } = await linkThatGets(TICK, ...[...lengthOf(2 ** 31)].map((byte) => Buffer.of(byte)))
    await vi.waitFor(() => expect(losses).toEqual([expect.stringContaining('2147483648 bytes')]), PATIENTLY)
  })

  it.each([
    ['50,001 fields', Buffer.alloc(50_001)],
    ['16 million fields', Buffer.alloc(0xff_ff_ff - 4)],
  ])('of %s is left out before the library counts them, and reported', async (_, body) => {
    const { messages, unreadable, losses } = await linkThatGets(TICK, lengthOf(body.length), body, TICK)
    await vi.waitFor(() => expect(messages).toEqual([TICK_PRICE, TICK_PRICE]), PATIENTLY)
    expect(unreadable).toEqual([expect.stringContaining('more than 50000 fields')])
    expect(losses).toEqual([])
  })

  it('of 16 MB is read, whatever the reads in which it comes', async () => {
    const words = 'x'.repeat(0xff_ff_ff - 4 - '4|2|7|200|||'.length)
    const { messages, unreadable, losses } = await linkThatGets(Buffer.concat([TICK, frame(4, 2, 7, 200, words, ''), TICK]))
    await vi.waitFor(() => expect(messages).toHaveLength(3), PATIENTLY)
    expect(messages.map(plain)[1]).toEqual({ type: 'error', reqId: 7, code: 200, text: 'x'.repeat(1000) })
    expect({ unreadable, losses }).toEqual({ unreadable: [], losses: [] })
  })

  it('with a long text that would go onto the tape is left out', async () => {
    const { messages, unreadable } = await linkThatGets(frame(46, 6, 7, 32, 'x'.repeat(2 ** 17)), TICK)
    await vi.waitFor(() => expect(messages).toEqual([TICK_PRICE]), PATIENTLY)
    expect(unreadable).toEqual([expect.stringMatching(/^message 46 is longer than 131072 bytes/)])
  })

  it('whose last field has no end does not run into the next one', async () => {
    const { messages, losses } = await linkThatGets(TICK, Buffer.concat([lengthOf(1), Buffer.from('1'), TICK]))
    await vi.waitFor(() => expect(losses).toEqual([expect.stringMatching(/^it sent a message whose last field has no end/)]), PATIENTLY)
    expect(messages).toEqual([TICK_PRICE])
  })

  it('of nothing is passed over', async () => {
    const { messages, losses } = await linkThatGets(Buffer.concat([lengthOf(0), TICK, lengthOf(0), lengthOf(0), TICK]))
    await vi.waitFor(() => expect(messages.filter(({ type }) => type === 'price')).toEqual([TICK_PRICE, TICK_PRICE]), PATIENTLY)
    expect(losses).toEqual([])
  })

  it('of the greatest length for a text of the tape is read, and one of the gateway is cut', async () => {
    const words = 'x'.repeat(2 ** 17 - 30)
    const { messages } = await linkThatGets(frame(46, 6, 7, 32, words), frame(4, 2, 7, 200, words, ''), frame(4, 2, -1, 2104, words, ''))
    await vi.waitFor(() => expect(messages).toHaveLength(3), PATIENTLY)
    const text = 'x'.repeat(1000)
    expect(messages.map(plain)).toEqual([
      { type: 'text', reqId: 7, tickType: 32, text: words },
      { type: 'error', reqId: 7, code: 200, text },
      { type: 'notice', code: 2104, text },
    ])
  })

  it('that the library cannot decode is left out alone, and reported', async () => {
    const notJson = frame(4, 2, 7, 201, 'Order rejected', '{"no')
    const { messages, losses, unreadable } = await linkThatGets(Buffer.concat([TICK, notJson, TICK]), TICK)
    await vi.waitFor(() => expect(messages).toEqual([TICK_PRICE, TICK_PRICE, TICK_PRICE]), PATIENTLY)
    expect(unreadable).toEqual([expect.stringMatching(/JSON/)])
    expect(losses).toEqual([])
  })
})

describe('a message', () => {
  it.each([
    ['has fewer fields than its kind', [1, 6, 7], /^Underrun error on TICK_PRICE/],
    [
      'has more fields than its kind',
      [49, 1, 1, ...Array(2000).fill('more')],
      /^Decoding error on CURRENT_TIME: unprocessed data left on queue/,
    ],
    ['is of no known kind', [231, 1], /^No parser implementation found for token: .*231/],
  ])('that %s is reported as unreadable, in a bounded text, and is no notice of the gateway', async (_, fields, what) => {
    const { messages, losses, unreadable } = await linkThatGets(frame(...fields), TICK)
    await vi.waitFor(() => expect(messages).toContainEqual(TICK_PRICE), PATIENTLY)
    expect(messages.filter(({ type }) => type === 'notice')).toEqual([])
    expect(unreadable).toEqual([expect.stringMatching(what)])
    expect(unreadable[0]?.length).toBeLessThanOrEqual(1000)
    expect(losses).toEqual([])
  })

  it('that the gateway sends with the code of an unreadable one is a notice', async () => {
    const { messages, unreadable } = await linkThatGets(frame(4, 2, -1, 505, 'Fatal error: unknown message id.', ''))
    await vi.waitFor(
      () => expect(messages.map(plain)).toEqual([{ type: 'notice', code: 505, text: 'Fatal error: unknown message id.' }]),
      PATIENTLY,
    )
    expect(unreadable).toEqual([])
  })
})

describe('a link', () => {
  it('whose listener throws reads on', async () => {
    const errors: unknown[] = []
    const { tws, messages } = await connectedLink({ onListenerError: (error) => errors.push(error) })
    const now = vi.spyOn(performance, 'now').mockImplementationOnce(() => {
      throw new Error('no time')
    })
    onTestFinished(() => now.mockRestore())
    tws.socket.write(Buffer.concat([TICK, TICK]))
    await vi.waitFor(() => expect(messages).toEqual([TICK_PRICE]), PATIENTLY)
    expect(errors).toEqual([new Error('no time')])
  })

  it.each([
    ['below', 99],
    ['above', 999],
  ])('to a server whose version is %s ours fails and names the version', async (_, version) => {
    const server = await twsFor(async (tws) => {
      await tws.hello
      tws.send(version, '20140605 09:30:00 EST')
    })
    await expect(linkTo(server.port).link.open()).rejects.toThrow(`Unsupported Version ${version}`)
  })

  it.each([
    ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['a mail server', '220 mail.example.org ESMTP\r\n'],
    ['noise', '\u00ff\u00fe\u0080\u0000'],
  ])('to %s fails at once and says what to check', async (_, text) => {
    const server = await twsFor((tws) => tws.socket.write(Buffer.from(text, 'latin1')))
    await expect(linkTo(server.port).link.open()).rejects.toThrow(
      /^No connection to .*: it announced a message of \d+ bytes.* Check that TWS or/,
    )
  })

  it('to a real HTTP server fails', async () => {
    const server = createServer((request: IncomingMessage) => request.resume())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { link } = linkTo((server.address() as AddressInfo).port)
    await expect(link.open()).rejects.toThrow(/^No connection to 127\.0\.0\.1:/)
  })
})

describe('a feed', () => {
  it('connects again behind every kind of broken bytes', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    onTestFinished(() => void vi.restoreAllMocks())
    const broken = [lengthOf(2 ** 31), Buffer.concat([lengthOf(1), Buffer.from('1')]), frame(1, 6, 7).subarray(0, -2)]
    const server = await twsFor(async (tws: TwsConnection, index) => {
      await greet(tws)
      const bytes = broken[index]
      if (bytes) tws.socket.end(bytes)
    })
    const { feed, downs } = feedTo(server.port)
    feed.start()
    await vi.waitFor(() => expect(downs).toHaveLength(broken.length), PATIENTLY)
    await vi.waitFor(() => expect(feed.connection.state).toBe('ready'), PATIENTLY)
    expect(downs.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('2147483648 bytes'),
      expect.stringContaining('no end'),
      'the gateway closed the connection',
    ])
  })
})
