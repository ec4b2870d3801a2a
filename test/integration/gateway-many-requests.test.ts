/** Five thousand requests of every kind, well-formed and not, in random order: each is ended once, and nothing is answered twice. By seed. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { endOf, type Fields, SAMPLED_IDS, sampleOf } from '../support/gateway/every-request.ts'
import {
  contractFields,
  JULY_72_CALL,
  JUNE_70_CALL,
  MS_US,
  marketDataRequest,
  NO_LIMITS,
  OPEN_US,
  quoteAt,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
} from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'
import { seeded } from '../support/random.ts'
import type { Contract } from '../../market/contract.ts'
import type { TapeRecord } from '../../market/tick.ts'

const SEEDS = [1, 2]
const REQUESTS_PER_ROUND = 2500
const LINES = 100
/** Fewer than would start the tape. */
const MOST_LINES = 60
const START_API = 71
/** Notices about a request that goes on: read without its time zone, shown delayed. */
const NOTICES = new Set(['2174', '10167'])

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const TAPE = tapeOf(
  Array.from({ length: 400 }, (_, i): TapeRecord => {
    const quote = quoteAt(i * 50 * MS_US, i % 4, [70 + (i % 20) / 100, 1 + (i % 9)], [71 + (i % 20) / 100, 1 + (i % 7)])
    if (i % 8 !== 4) return quote
    return { kind: 'trade', seq: 0, tsUs: OPEN_US + i * 50 * MS_US, instrument: 0, price: 70 + (i % 5) / 100, size: 100, source: 'import' }
  }),
)

/** A message, and the frames that end it, each of them once. */
interface Asked {
  fields: Fields
  /** Any of these. Empty: nothing may come. */
  ends: readonly string[]
  isSubscription: boolean
  /** The client gave it up, perhaps before its first data came. */
  isCancelled?: true
  /** Its answers carry no id, so that they are counted together. */
  isAnonymous: boolean
}

class Requests {
  readonly asked: Asked[] = []
  readonly #random: () => number
  #reqId = 0
  readonly #open: { reqId: number; cancel: (reqId: number) => Fields }[] = []
  readonly #byId = new Map<number, Asked>()

  constructor(seed: number) {
    this.#random = seeded(seed)
  }

  /** Makes one more, and returns its fields. */
  next(): Fields {
    const reqId = ++this.#reqId
    const kind = this.#pick([...SAMPLED_IDS.filter((id) => id !== START_API), 1, 1, 9, 20, 20, 20, 87, 88, 96, 97])
    const asked = this.#varied(kind, reqId) ?? this.#sample(kind, reqId)
    this.asked.push(asked)
    this.#byId.set(reqId, asked)
    return asked.fields
  }

  #sample(kind: number, reqId: number): Asked {
    const sample = sampleOf(kind)
    if (!sample) throw new Error(`Message ${kind} has no sample`)
    const { ends, isSubscription = false, send } = sample
    if (ends === 'none') return { fields: send(reqId), ends: [], isSubscription: false, isAnonymous: false }
    const isAnonymous = ends.by === 'anonymous'
    const end = isAnonymous ? ends.prefix : endOf(ends, reqId)
    const isError = end.startsWith('4|')
    return { fields: send(reqId), ends: isAnonymous || isError ? [end] : [end, `4|2|${reqId}|`], isSubscription, isAnonymous }
  }

  /** Kinds of which the sample says too little. */
  #varied(kind: number, reqId: number): Asked | undefined {
    const fields = this.#contract()
    const ended = (send: Fields, ...ends: string[]): Asked => ({
      fields: send,
      ends: [...ends, `4|2|${reqId}|`],
      isSubscription: false,
      isAnonymous: false,
    })
    const show = () =>
      this.#pick(['TRADES', 'BID', 'ASK', 'MIDPOINT', 'BID_ASK', 'ADJUSTED_LAST', 'OPTION_IMPLIED_VOLATILITY', 'FEE_RATE', 'X'])
    switch (kind) {
      case 1:
        return this.#marketData(reqId, fields)
      case 2:
      case 51:
      case 98:
        return this.#cancel()
      case 9:
        return ended([9, 8, reqId, ...fields, 0, '', '', ''], `52|1|${reqId}|`)
      case 20: {
        const isSchedule = this.#random() < 0.2
        const size = this.#pick(['1 min', '5 secs', '1 day', '7 mins'])
        const shown = isSchedule ? 'SCHEDULE' : show()
        return ended([20, reqId, ...fields, 0, '', size, '2 D', 0, shown, 2, 0, ''], `17|${reqId}|`, `106|${reqId}|`)
      }
      case 87:
        return ended([87, reqId, ...fields, 0, 0, show(), this.#pick([1, 2])], `88|${reqId}|`)
      case 88:
        return ended([88, reqId, ...fields, 0, 0, this.#pick(['3 days', '1 week', 'ever'])], `89|${reqId}|`)
      case 96: {
        const time = this.#pick(['20140605-13:30:00', '20140605 09:30:00', '20140605 09:30:00 US/Eastern', 'today'])
        const send = [96, reqId, ...fields, 0, time, '', 10, show(), 0, 0, '']
        return ended(send, `96|${reqId}|`, `97|${reqId}|`, `98|${reqId}|`)
      }
      case 97:
        this.#open.push({ reqId, cancel: (id) => [98, id] })
        return { ...ended([97, reqId, ...contractFields(TWX), 'BidAsk', 0, 0], `99|${reqId}|`), isSubscription: true }
      case 50:
        this.#open.push({ reqId, cancel: (id) => [51, 1, id] })
        return undefined
      default:
        return undefined
    }
  }

  #marketData(reqId: number, fields: Fields): Asked {
    if (this.#random() < 0.3) {
      const end = `57|1|${reqId}|`
      const asked: Fields = [1, 11, reqId, ...fields, 0, '', 1, 0, '']
      return { fields: asked, ends: [end, `4|2|${reqId}|`], isSubscription: false, isAnonymous: false }
    }
    if (this.#open.length >= MOST_LINES) return this.#cancel()
    this.#open.push({ reqId, cancel: (id) => [2, 2, id] })
    const generics = this.#pick(['', '100,233', '233,mdoff', '999', '162'])
    const send = [1, 11, reqId, ...fields, 0, generics, 0, this.#pick([0, 0, 0, 1]), '']
    return { fields: send, ends: [`81|${reqId}|`, `4|2|${reqId}|`], isSubscription: false, isAnonymous: false }
  }

  /** Of a subscription, whose own end came or comes, or of one that there never was. */
  #cancel(): Asked {
    const at = Math.floor(this.#random() * this.#open.length)
    const [open] = this.#open.splice(at, 1)
    const none = { isSubscription: false, isAnonymous: false }
    if (!open) return { fields: [2, 2, this.#reqId], ends: [`4|2|${this.#reqId}|300|`], ...none }
    // Refused ones are unknown: error 300 is the cancel's.
    const cancelled = this.#byId.get(open.reqId)
    if (cancelled) cancelled.isCancelled = true
    return { fields: open.cancel(open.reqId), ends: [], ...none }
  }

  #contract(): Fields {
    const contract: Contract = this.#pick([TWX, TWX, JUNE_70_CALL, JULY_72_CALL, { ...TWX, symbol: 'NONE' }])
    const fields = contractFields(contract)
    const exchange = this.#pick(['SMART', 'SMART', 'NYSE', 'CBOE', 'LSE', ''])
    return fields.with(7, exchange)
  }

  #pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random() * of.length)] as T
  }
}

/** How often each frame that can end something has come: the request's own id, or the start of an anonymous answer. */
function endings(frames: readonly string[], { ends, isSubscription }: Asked): number {
  const found = frames.filter((frame) => ends.some((end) => frame.startsWith(end)) && !isNotice(frame))
  return isSubscription ? Math.min(1, found.length) : found.length
}

/** Notices, and error 300 about a cancel. */
function isNotice(frame: string): boolean {
  const [message, , , code = ''] = frame.split('|')
  return message === '4' && NOTICES.has(code)
}

function byStart(frames: readonly string[]): Map<string, string[]> {
  const known = new Map<string, string[]>()
  for (const frame of frames) {
    const fields = frame.split('|')
    for (const length of [1, 2, 3, 4]) {
      const start = `${fields.slice(0, length).join('|')}|`
      const list = known.get(start)
      if (list) list.push(frame)
      else known.set(start, [frame])
    }
  }
  return known
}

/** Frames that begin with one of the ends of a request. */
function candidates(index: ReadonlyMap<string, string[]>, { ends }: Asked): string[] {
  return ends.flatMap((end) => index.get(end) ?? [])
}

function expectEach(requests: Requests, frames: readonly string[]): void {
  const index = byStart(frames)
  const anonymous = new Map<string, number>()
  const wrong: string[] = []
  for (const asked of requests.asked) {
    const [end = ''] = asked.ends
    if (asked.isAnonymous) anonymous.set(end, (anonymous.get(end) ?? 0) + 1)
    else if (asked.ends.length > 0) {
      const own = candidates(index, asked).filter((frame) => !isCancelled(frame, asked))
      const isRight = endings(own, asked) === 1 || (asked.isSubscription && asked.isCancelled === true)
      if (!isRight) wrong.push(`${asked.fields.join('|')} ended ${own.length} times: ${own.slice(0, 3).join(' ')}`)
    }
  }
  expect(wrong).toEqual([])
  const counted = new Map([...anonymous.keys()].map((end) => [end, index.get(end)?.length ?? 0]))
  // As the client connected, it got its accounts and its first order id unasked.
  for (const greeting of ['15|1|', '9|1|']) if (counted.has(greeting)) counted.set(greeting, (counted.get(greeting) ?? 0) - 1)
  expect(counted).toEqual(anonymous)
}

/** Error 300 belongs to the cancel of a line, not to the line. */
function isCancelled(frame: string, { fields }: Asked): boolean {
  return /^4\|2\|\d+\|300\|/.test(frame) && ![2, 51, 98].includes(Number(fields[0]))
}

describe('five thousand requests of every kind', () => {
  it.each(SEEDS)('end, each once, whether the tape stands or has ended (seed %i)', { timeout: 120_000 }, async (seed) => {
    const limits = { ...NO_LIMITS, snapshotMs: 20, openHistories: 10_000 }
    const { gateway, port, logged } = await room.serve(TAPE, { lines: LINES, startAfterLines: LINES, limits })
    const client = await RawTwsClient.connect({ port, clientId: 1 })
    const requests = new Requests(seed)
    const round = () => {
      for (let i = 0; i < REQUESTS_PER_ROUND; i++) client.send(...requests.next())
    }
    round()
    const starter = await RawTwsClient.connect({ port, clientId: 2 })
    for (let reqId = 1; reqId <= LINES; reqId++) starter.send(...marketDataRequest(reqId, TWX))
    await gateway.ended
    round()
    const isOver = () => {
      const index = byStart(client.frames)
      return requests.asked.every((asked) => {
        if (asked.ends.length === 0 || (asked.isSubscription && asked.isCancelled)) return true
        const own = candidates(index, asked).filter((frame) => !isCancelled(frame, asked))
        return asked.isAnonymous ? own.length > 0 : endings(own, asked) > 0
      })
    }
    await vi.waitUntil(isOver, { timeout: 90_000, interval: 250 }).catch(() => undefined)
    const before = client.frames.length
    client.send(91, 26)
    await client.frame('93|26|', before)
    expectEach(requests, client.frames.slice(0, -1))
    expect(logged.filter((entry) => entry.startsWith('error'))).toEqual([])
    await Promise.all([client.close(), starter.close()])
  })
})
