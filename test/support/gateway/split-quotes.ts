/**
 * A process of its own that serves quotes over the TWS wire, their messages in every order that has a size behind the price of its side, as
 * IB has them, and written a few milliseconds apart.
 * It keeps its processor busy between two writes, since a timer would be too coarse, and measures how far apart they really were.
 *
 * Prints its port, waits for a market-data request, serves, and prints one line of JSON: a SplitReport.
 */

import { frame, greet, startScriptedTws, type TwsConnection } from './scripted-tws.ts'

/** What came from quote number n; see `valuesOf`. */
export interface SplitQuote {
  n: number
  /** Longest time from before one write of the quote to after the next, in milliseconds. */
  longestGapMs: number
}

export interface SplitReport {
  quotes: SplitQuote[]
}

/** Every field names its quote, so that a mixture shows. */
export function valuesOf(n: number) {
  return { bidPrice: n, askPrice: n + 0.5, bidSize: 10_000 + n, askSize: 20_000 + n }
}

/** Time between two writes, in milliseconds, and whether they cut messages in two. */
const SPACINGS = [
  { gapsMs: [0, 0, 0], midFrame: false },
  { gapsMs: [4.6, 4.6, 4.6], midFrame: false },
  { gapsMs: [0, 4.6, 0], midFrame: false },
  { gapsMs: [4.6, 0, 3], midFrame: true },
]
const LIMIT_MS = 5
/** On a busy machine writes come out further apart than meant: after such a quote they are meant this much closer, after others wider again. */
const CLOSER = 0.7
const WIDER = 1.1
/** Well past the silence that ends a quote. */
const SILENCE_MS = 9

function messagesOf(reqId: string, n: number): Buffer[] {
  const { bidPrice, askPrice, bidSize, askSize } = valuesOf(n)
  return [
    frame(1, 6, reqId, 1, bidPrice, bidSize, 1),
    frame(1, 6, reqId, 2, askPrice, askSize, 1),
    frame(2, 6, reqId, 0, bidSize),
    frame(2, 6, reqId, 3, askSize),
  ]
}

function ordersOf<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((first, i) => ordersOf(items.toSpliced(i, 1)).map((rest) => [first, ...rest]))
}

/** Messages 2 and 3 are the sizes of the prices in messages 0 and 1. */
const ORDERS = ordersOf([0, 1, 2, 3]).filter((order) => order.indexOf(0) < order.indexOf(2) && order.indexOf(1) < order.indexOf(3))

/** The same bytes, cut inside the messages: each piece but the last ends in the middle of a message and completes another. */
function cutInside(messages: readonly Buffer[]): Buffer[] {
  const halves = messages.map((bytes, i) => {
    const at = i === 0 ? 0 : bytes.length >> 1
    return [bytes.subarray(0, at), bytes.subarray(at)] as const
  })
  return halves.map(([, end], i) => Buffer.concat([end, halves[i + 1]?.[0] ?? Buffer.alloc(0)]))
}

function waitUntil(atMs: number): void {
  while (performance.now() < atMs) continue
}

function write(socket: TwsConnection['socket'], pieces: readonly Buffer[], gapsMs: readonly number[]): number {
  let longestGapMs = 0
  let lastMs = performance.now()
  socket.write(pieces[0] as Buffer)
  for (const [i, piece] of pieces.slice(1).entries()) {
    waitUntil(lastMs + (gapsMs[i] ?? 0))
    const beforeMs = performance.now()
    socket.write(piece)
    longestGapMs = Math.max(longestGapMs, performance.now() - lastMs)
    lastMs = beforeMs
  }
  return longestGapMs
}

async function serve(tws: TwsConnection): Promise<void> {
  await greet(tws)
  const reqId = (await tws.request(1))[2] ?? ''
  tws.send(58, 1, reqId, 1)
  const report: SplitReport = { quotes: [] }
  let n = 0
  let scale = 1
  for (const order of ORDERS) {
    for (const { gapsMs, midFrame } of SPACINGS) {
      for (let longestGapMs = LIMIT_MS; longestGapMs >= LIMIT_MS; ) {
        n++
        const messages = messagesOf(reqId, n)
        const ordered = order.map((i) => messages[i] as Buffer)
        longestGapMs = write(
          tws.socket,
          midFrame ? cutInside(ordered) : ordered,
          gapsMs.map((ms) => ms * scale),
        )
        report.quotes.push({ n, longestGapMs })
        scale = longestGapMs < LIMIT_MS ? Math.min(1, scale * WIDER) : scale * CLOSER
        // Quotes end by silence and by another message in turn.
        if (n % 2 === 0) tws.send(49, 1, n)
        else waitUntil(performance.now() + SILENCE_MS)
        // The socket's own work, so that nothing piles up.
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }
  tws.send(4, 2, -1, 99000, 'End of tape', '')
  console.log(JSON.stringify(report))
}

if (process.argv[2] === 'serve') {
  const { port } = await startScriptedTws(serve)
  console.log(String(port))
}
