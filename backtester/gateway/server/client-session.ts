/**
 * One client's connection.
 *
 * States: greeting (waits for `API\0` and the versions the client speaks), starting (waits for startApi and its client id),
 * ready (requests are answered), closed (its lines are closed, what it still sends is ignored). Bytes that cannot be followed
 * lead from every state to closed; a request that cannot be answered gets an error message and changes nothing.
 * While the client does not read, its requests wait too, so that answers never pile up.
 */

import type { Socket } from 'node:net'

import type { BarLine } from '../history/bar-line.ts'
import { ACCOUNT, Code, NO_REQUEST } from '../protocol/codes.ts'
import type { HistoryQuery } from '../history/history.ts'
import { RateMeter } from './limits.ts'
import type { Line } from '../book/market-data-line.ts'
import type { RealTimeBarLine } from '../book/real-time-bars.ts'
import * as messages from '../protocol/messages.ts'
import { RequestError } from '../protocol/field-reader.ts'
import type { TickLine } from '../book/tick-by-tick-line.ts'
import { FrameReader, FrameWriter, splitFields, WireError } from '../protocol/wire.ts'
import type { Client, Services } from './client.ts'
import { errorText } from './error-text.ts'
import { takeGreeting, versionsOf } from './greeting.ts'
import type { RequestHandler } from './handlers/handler.ts'
import { startApi } from './handlers/start-api.ts'
import type { ReadRequest, RequestTable } from './request-table.ts'
import { type Pace, SocketValve } from './socket-valve.ts'

/** As pino's. */
export interface Log {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** What a session needs from its gateway. */
export interface SessionHost extends Services {
  readonly log: Log
  readonly requests: RequestTable
  readonly publishesTime: boolean
  /** Tape time waits for lines to be opened. */
  readonly isStanding: boolean
  /** False when another client has this id. */
  claim(clientId: number, session: ClientSession): boolean
  /** The client does not read what it is sent, until `caughtUp`. */
  fellBehind(session: ClientSession): void
  caughtUp(session: ClientSession): void
  /** The session answers no more; its client id is free. */
  released(session: ClientSession): void
  /** The connection is gone. */
  closed(session: ClientSession): void
  /**
   * True when a fault takes care of a request, known by the name of its handler. `answer` answers it later.
   *
   * @throws RequestError when a fault refuses it.
   */
  takesRequest(name: string, request: object, answer: () => void): boolean
}

/** No client asks for anything near as long. */
const MAX_REQUEST_BYTES = 1 << 20
/** Errors that are not logged: clients run into them all the time. */
const EVERYDAY = new Set<number>([
  Code.unknownContract,
  Code.unknownTickerId,
  Code.historyRefused,
  Code.unknownHistory,
  Code.unknownDepth,
  Code.noFundamentalData,
])
/** A connect option. */
const PACING_OPTION = '+PACEAPI'
const MAX_LOGGED_KINDS = 100
/** One write takes about this much. */
const WRITE_BYTES = 1 << 16
/** A client that leaves this much unread makes the tape wait. */
const BEHIND_BYTES = 1 << 18
const FARMS: readonly [number, string][] = [
  [Code.marketDataFarmOk, 'Market data farm connection is OK:usfarm'],
  [Code.historyFarmOk, 'HMDS data farm connection is OK:ushmds'],
  [Code.definitionFarmOk, 'Sec-def data farm connection is OK:secdefil'],
]

export class ClientSession implements Client {
  readonly writer = new FrameWriter()
  readonly lines = new Map<number, Line>()
  readonly tickLines = new Map<number, TickLine>()
  readonly barLines = new Map<number, BarLine>()
  readonly realTimeBars = new Map<number, RealTimeBarLine>()
  readonly histories = new Map<number, HistoryQuery>()
  readonly ticksAsked = new Map<string, number>()
  dataType = 1
  timeSentMs = Number.NEGATIVE_INFINITY
  readonly host: SessionHost
  /** Who this is, for logs: the peer, from startApi on also the client id. */
  readonly name: { client: string; clientId?: number }
  serverVersion = 0
  #state: 'greeting' | 'starting' | 'ready' | 'closed' = 'greeting'
  #isBehind = false
  /** What is written is an answer, which no stall holds back. */
  #isAnswering = false
  #publishedUs = Number.NEGATIVE_INFINITY
  readonly #socket: Socket
  readonly #valve: SocketValve
  readonly #reader = new FrameReader()
  #rate: RateMeter
  /** Kinds of trouble already logged, so that a client that repeats itself does not fill the log. */
  readonly #logged = new Set<string>()

  /** `stallTimeoutMs`: a client that takes nothing for so long while there is something to take, or does not start, is cut off. */
  constructor(socket: Socket, host: SessionHost, stallTimeoutMs: number) {
    this.#socket = socket
    this.#valve = new SocketValve(
      socket,
      () => this.#readOn(),
      () => this.#drained(),
    )
    this.host = host
    this.#rate = new RateMeter(host.limits.messagesPerSecond)
    this.name = { client: `${socket.remoteAddress}:${socket.remotePort}` }
    socket.setNoDelay(true)
    socket.setTimeout(stallTimeoutMs, () => this.#endStall(stallTimeoutMs / 1000))
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('drain', () => this.#drained())
    // `close` follows; a client that vanishes is everyday business.
    socket.on('error', (error) => host.log.debug({ ...this.name, error: error.message }, 'Client connection broke'))
    socket.on('close', () => {
      this.#release()
      host.closed(this)
    })
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  atTapeTime(tsUs: number, isRepeated = false): void {
    if (!this.host.publishesTime) return
    if (this.#valve.isStalled) {
      // What was written is the data up to an end that is marked; its time is told when the stall is over.
      if (!this.#isAnswering) this.flush()
      return
    }
    // The tape stands at the time of its first tick, which a recorder must not take for a value that stood as it asked.
    const publishedUs = this.host.isStanding ? tsUs - 1 : tsUs
    if (publishedUs <= this.#publishedUs && !isRepeated) return
    this.#publishedUs = publishedUs
    messages.writeCurrentTime(this.writer, publishedUs)
  }

  publishEnd(): void {
    messages.writeError(this.writer, NO_REQUEST, Code.endOfTape, 'End of tape')
  }

  spill(): void {
    if (this.writer.length >= WRITE_BYTES) this.flush()
  }

  /** Hands everything written to the socket, or to the stall that holds it back. */
  flush(): void {
    if (this.writer.length === 0) return
    const bytes = this.writer.take()
    if (this.#state === 'closed') return
    if (this.#valve.isStalled) this.#valve.hold(bytes)
    else this.#send(bytes)
  }

  /** Sends a notice, or an error of a request that was answered before, ahead of what a stall holds back. */
  notify(code: number, text: string, reqId = NO_REQUEST): void {
    this.respond(() => {
      this.atTapeTime(this.host.nowUs)
      messages.writeError(this.writer, reqId, code, text)
    })
  }

  respond(write: () => void): void {
    // Data of the lines must not pass for an answer.
    this.flush()
    this.#isAnswering = true
    try {
      write()
    } finally {
      this.#isAnswering = false
      this.#answered()
    }
  }

  /**
   * Holds back all data, not answers, until what is returned is called. With published time all of it has the time of that moment, which
   * is named for each part, as it marks where one update ends and the next begins.
   */
  stall(): () => void {
    this.flush()
    this.#valve.stall()
    return () => {
      this.flush()
      const held = this.#valve.release()
      if (held === undefined || this.#state === 'closed') return
      for (const part of held) {
        this.atTapeTime(this.host.nowUs, true)
        this.flush()
        this.#send(part)
      }
      // What the tape has at this very moment is another update.
      this.atTapeTime(this.host.nowUs, true)
    }
  }

  /** Nothing more is sent or read, and the connection stays. */
  freeze(): void {
    this.flush()
    this.#valve.shut()
    this.#catchUp()
  }

  slowDown(pace: Pace): void {
    this.#valve.setPace(pace)
  }

  /** Answers no more; what was written is delivered before the connection closes. */
  end(): void {
    this.flush()
    this.#release()
    this.#socket.end()
  }

  /** Closes without waiting for the client. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Logs one kind of trouble of this client once. */
  #logOnce(kind: string, message: string): void {
    if (this.#logged.has(kind) || this.#logged.size >= MAX_LOGGED_KINDS) return
    this.#logged.add(kind)
    this.host.log.warn({ ...this.name }, message)
  }

  /** Nothing went over the socket for so long, either way. */
  #endStall(seconds: number): void {
    const socket = this.#socket
    if (this.#isBehind) this.#cutOff(`Client has read nothing for ${seconds} s: cut off, so that the tape can go on`)
    else if (this.#state === 'closed') socket.destroy()
    if (this.#state === 'ready' || this.#state === 'closed') return
    // When this process was held up, what the client has said may still wait to be read.
    const heard = socket.bytesRead
    setImmediate(() => {
      if (socket.bytesRead > heard || this.#state === 'ready') return
      this.#cutOff(`Client has said nothing for ${seconds} s and did not start the API: cut off`)
    })
  }

  #take(chunk: Buffer): void {
    if (this.#state === 'closed') return
    this.#reader.push(chunk)
    this.#work()
  }

  #drained(): void {
    if (!this.#isBehind || this.#valve.length >= BEHIND_BYTES) return
    this.#catchUp()
    this.#readOn()
  }

  #catchUp(): void {
    if (!this.#isBehind) return
    this.#isBehind = false
    this.host.caughtUp(this)
  }

  #readOn(): void {
    if (this.#isBehind || this.#valve.isResting) return
    this.#socket.resume()
    this.#work()
  }

  #send(bytes: Buffer): void {
    this.#valve.write(bytes)
    if (this.#isBehind || this.#valve.length < BEHIND_BYTES) return
    this.#isBehind = true
    this.#socket.pause()
    this.host.fellBehind(this)
  }

  /** Sends what was just written, which no stall holds back. */
  #answered(): void {
    if (this.writer.length === 0) return
    const bytes = this.writer.take()
    if (this.#state !== 'closed') this.#send(bytes)
  }

  /** Does everything that the bytes so far ask for. */
  #work(): void {
    this.respond(() => {
      try {
        while (!this.#isBehind && !this.#valve.isResting && this.#step()) {
          this.#valve.messageRead()
          if (this.writer.length >= WRITE_BYTES) this.#answered()
        }
      } catch (error) {
        if (error instanceof WireError)
          this.#cutOff(`Client is cut off, it does not speak the TWS protocol: ${error.message}`, Code.badRequest)
        else this.#fail(error)
      }
    })
  }

  /** One message. False when there is no whole one. */
  #step(): boolean {
    if (this.#state === 'closed') return false
    if (this.#state === 'greeting') return this.#greet()
    const frame = this.#reader.next(MAX_REQUEST_BYTES)
    if (!frame) return false
    if (!this.#rate.take(performance.now())) {
      const { messagesPerSecond } = this.host.limits
      const text = `Max rate of messages per second has been exceeded: max=${messagesPerSecond} rec=${messagesPerSecond + 1}`
      this.#cutOff(`Client sent more than ${messagesPerSecond} messages a second: cut off`, Code.tooManyMessages, text)
      return false
    }
    const fields = splitFields(frame)
    try {
      this.#answer(this.host.requests.read(fields, this.serverVersion))
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      messages.writeError(this.writer, error.reqId, error.code, errorText(error))
      // Pairs of strike and expiry that do not exist, and lines cancelled twice, are everyday business.
      const isTrouble = !EVERYDAY.has(error.code)
      if (isTrouble)
        this.#logOnce(`${fields[0]?.slice(0, 20)} ${error.code}`, `Client's request was refused (${error.code}): ${error.message}`)
    }
    return true
  }

  #greet(): boolean {
    const text = takeGreeting(this.#reader)
    if (text === undefined) return false
    this.#negotiate(text)
    return true
  }

  #negotiate(text: string): void {
    const { MIN_SERVER_VERSION, MAX_SERVER_VERSION } = messages
    const { min, max } = versionsOf(text)
    this.serverVersion = Math.min(max, MAX_SERVER_VERSION)
    if (this.serverVersion < MIN_SERVER_VERSION || min > MAX_SERVER_VERSION) {
      this.#cutOff(
        `Client speaks protocol versions ${min} to ${max}, this gateway ${MIN_SERVER_VERSION} to ${MAX_SERVER_VERSION}: refused. ` +
          'Use a client library that speaks one of these versions.',
      )
      return
    }
    // The client wants to be slowed down rather than cut off, and as nothing here is slow, that is done already.
    if (text.includes(PACING_OPTION)) this.#rate = new RateMeter(0)
    this.#state = 'starting'
    messages.writeServerVersion(this.writer, this.serverVersion, this.host.clockText)
  }

  #answer(read: ReadRequest): void {
    const { handler, request } = read
    if (this.#state === 'ready') {
      if (!this.host.takesRequest(handler.name, request, () => this.#answerLate(read))) handler.answer(request, this)
    } else if (isStart(handler, request)) this.#start(request.clientId)
    else throw new RequestError(Code.invalidRequest, NO_REQUEST, 'Not connected: expected startApi before any other request')
  }

  /** Answers a request that a fault has made wait. */
  #answerLate({ handler, request }: ReadRequest): void {
    if (this.#state !== 'ready') return
    this.respond(() => {
      try {
        handler.answer(request, this)
      } catch (error) {
        if (error instanceof RequestError) messages.writeError(this.writer, error.reqId, error.code, errorText(error))
        else this.#fail(error)
      }
    })
  }

  #start(clientId: number): void {
    const { writer, host } = this
    if (!host.claim(clientId, this)) {
      const text = 'Unable to connect as the client id is already in use. Retry with a unique client id.'
      this.#cutOff(`Client asked for the id ${clientId}, which is in use: refused`, Code.clientIdInUse, text)
      return
    }
    this.name.clientId = clientId
    this.#state = 'ready'
    messages.writeManagedAccounts(writer, ACCOUNT)
    messages.writeNextValidId(writer, 1)
    this.atTapeTime(host.nowUs)
    for (const [code, text] of FARMS) messages.writeError(writer, NO_REQUEST, code, text)
    if (host.hasEnded && host.publishesTime) this.publishEnd()
    host.log.info({ ...this.name, serverVersion: this.serverVersion }, 'Client connected')
  }

  /** Closes the connection with a line in the log and, where a code is given, a last word to the client. */
  #cutOff(message: string, code?: number, text = message): void {
    if (this.#state === 'closed') return
    this.host.log.warn({ ...this.name }, message)
    if (code !== undefined && this.#state !== 'greeting') messages.writeError(this.writer, NO_REQUEST, code, text)
    this.#answered()
    const canSay = !this.#isBehind
    this.#release()
    if (canSay) this.#valve.leave()
    else this.#socket.destroy()
  }

  #fail(error: unknown): void {
    this.host.log.error(
      { ...this.name, err: error },
      'A request could not be answered because of a fault of this program; its client is cut off',
    )
    this.#release()
    this.#socket.destroy()
  }

  #release(): void {
    if (this.#state === 'closed') return
    const { lines, tickLines, barLines, realTimeBars, name, host } = this
    if (this.#state === 'ready') host.log.info({ ...name, lines: lines.size + tickLines.size }, 'Client left')
    this.#state = 'closed'
    for (const line of lines.values()) host.sampler.close(line)
    for (const line of tickLines.values()) host.sampler.closeTicks(line)
    lines.clear()
    tickLines.clear()
    for (const line of [...barLines.values(), ...realTimeBars.values()]) host.sampler.closeBars(line)
    barLines.clear()
    realTimeBars.clear()
    this.histories.clear()
    if (this.#isBehind) {
      this.#catchUp()
      // A paused socket would not notice that its peer leaves.
      this.#socket.resume()
    }
    host.released(this)
  }
}

function isStart(handler: RequestHandler, request: object): request is { clientId: number } {
  return handler === startApi && 'clientId' in request
}
