/**
 * The replay gateway: serves a tape over the TWS protocol to any client of IB, as TWS or IB Gateway would serve the market.
 *
 * States: serving (tape time stands, plays or has ended; clients come and go all along) and stopping (no new clients; the end
 * is published, what was sent is delivered, connections close).
 */

import { setTimeout as delay } from 'node:timers/promises'

import type { TornTail } from '../../../db/tape/reader.ts'
import { tapeSource } from '../../../db/tape/tape-source.ts'
import { nyse } from '../../../market/calendar/calendar.ts'
import { contractKey } from '../../../market/contract.ts'
import { ConfigError } from '../../../market/errors.ts'
import { ClientSession, type Log, type SessionHost } from './client-session.ts'
import { ContractBook } from '../contracts/contracts.ts'
import { FaultConductor } from '../faults/conductor.ts'
import type { Stage } from '../faults/fault.ts'
import type { FaultScript } from '../faults/script.ts'
import { History } from '../history/history.ts'
import { HistoryPacing } from '../history/history-pacing.ts'
import { Account } from '../account/account.ts'
import { Door } from './door.ts'
import { IB_LIMITS, type Limits } from './limits.ts'
import { LineAllowance } from './line-allowance.ts'
import { type Audience, TapePlayer } from './player.ts'
import type { MarketTotals } from '../book/market-totals.ts'
import { Sampler } from '../book/sampler.ts'
import { scanContents, type SourceContents } from '../source/contents.ts'
import type { GatewaySource } from '../source/source.ts'
import { plannedMispricings, withMispricings } from '../source/mispricings.ts'
import { type SyntheticMarket, syntheticMarket } from '../source/synthetic.ts'
import { REQUESTS } from './handlers/index.ts'
import { RequestTable } from './request-table.ts'

export interface GatewayOptions {
  /** Path of the tape file. One of tape, synthetic market and source is served. */
  tape?: string
  synthetic?: SyntheticMarket
  /** Breaks relations between quotes of the synthetic market now and then. */
  mispricings?: boolean
  /** Any records: a recorded session out of the database, say. */
  source?: GatewaySource
  host: string
  /** 0: any free one. */
  port: number
  /** Tape seconds per second; `max`: as fast as the clients take it. */
  speed: number | 'max'
  /** As IB: 250 ms for stocks, 100 ms for options. False sends every record. */
  sampling: boolean
  /** Market-data lines that may be open at once, over all clients. */
  lines: number
  /** Tape time stands still until so many lines are open. */
  startAfterLines: number
  /** Sends the time and the end of the tape unasked, which a real gateway never does. */
  publishTime: boolean
  /**
   * Computes option values where the tape has none, at this annual rate (continuously compounded). Absent: none are computed.
   */
  rate?: number
  /** Says as a line opens that trading is not halted, where the tape has no word of it, as IB does. A recorder takes it for the tape's. */
  announceTrading?: boolean
  /** What the account has, in dollars. 1,000,000, as IB's paper accounts, when absent. */
  accountCash?: number
  /** Other limits than IB's. */
  limits?: Partial<Limits>
  /** A client that reads nothing for so long while there is something to read is cut off. 60,000 when absent. */
  stallTimeoutMs?: number
  /** How long `stop` waits for clients to leave, and again for what was sent to be delivered. 5000 when absent. */
  leaveTimeoutMs?: number
  /** Faults to play beside the tape. */
  faults?: FaultScript | undefined
}

export interface GatewayTotals extends MarketTotals {
  /** Clients that were let in. */
  clients: number
  /** Tape time reached, microseconds since 1970. */
  tapeUs: number
}

export interface GatewayProgress {
  state: 'standing' | 'playing' | 'ended'
  /** Microseconds since 1970. */
  tapeUs: number
  /** Part of the tape's time that has gone by, 0 to 1. */
  fraction: number
  clients: number
  lines: number
}

export interface Gateway {
  readonly port: number
  readonly progress: GatewayProgress
  /** Counts so far. */
  totals(): GatewayTotals
  /** Resolves when the tape has ended or was stopped, rejects with a FeedError when it cannot be read on. */
  readonly ended: Promise<GatewayTotals>
  /** Ends the tape where it stands, delivers what was sent, closes. Later calls return the same promise. */
  stop(): Promise<GatewayTotals>
}

const STALL_TIMEOUT_MS = 60_000
const LEAVE_TIMEOUT_MS = 5000
const ACCOUNT_CASH = 1_000_000

/**
 * Reads the source once for its contracts, then serves it.
 *
 * @throws FeedError when the source cannot be read; ConfigError when an option makes no sense or the port cannot be had.
 */
export async function startGateway(options: GatewayOptions, { log }: { log: Log }): Promise<Gateway> {
  checkOptions(options)
  const source = sourceOf(options, log)
  const contents = source.contents?.() ?? (await scanContents(source))
  const gateway = new ReplayGateway(options, source, contents, log)
  await gateway.listen()
  return gateway
}

class ReplayGateway implements Gateway, SessionHost, Audience, Stage {
  readonly log: Log
  readonly contracts: ContractBook
  readonly sampler: Sampler
  readonly limits: Limits
  readonly allowance: LineAllowance
  readonly history: History
  readonly historyPacing: HistoryPacing
  readonly account: Account
  readonly carryRate: number
  readonly requests = new RequestTable(REQUESTS)
  readonly ended: Promise<GatewayTotals>
  readonly #options: GatewayOptions
  readonly #contents: SourceContents
  readonly #faults: FaultConductor | undefined
  readonly #player: TapePlayer
  readonly #door: Door
  readonly #sessions = new Set<ClientSession>()
  readonly #behind = new Set<ClientSession>()
  readonly #clientIds = new Map<number, ClientSession>()
  #clients = 0
  /** Answers that the tape waits for. */
  #holds = 0
  #stopped: Promise<GatewayTotals> | undefined
  #onEmpty: (() => void) | undefined

  constructor(options: GatewayOptions, source: GatewaySource, contents: SourceContents, log: Log) {
    this.log = log
    this.#options = options
    this.limits = { ...IB_LIMITS, ...options.limits }
    this.allowance = new LineAllowance(options.lines)
    this.historyPacing = new HistoryPacing(this.limits.historyPacingScale)
    this.account = new Account(options.accountCash ?? ACCOUNT_CASH)
    this.carryRate = options.rate ?? 0
    this.#contents = contents
    this.contracts = new ContractBook(contents.contracts.values(), sinceByKey(contents))
    const instruments = [...contents.contracts].map(([instrument, contract]) => {
      const tradeSources = contents.tradeSources.get(instrument) ?? new Set()
      const [isDoublyQuoted, isDelayed] = [contents.doublyQuoted.has(instrument), contents.delayed.has(instrument)]
      return [instrument, { listed: this.contracts.listed(contract), tradeSources, isDoublyQuoted, isDelayed }] as const
    })
    this.sampler = new Sampler(instruments, options.sampling)
    if (options.rate !== undefined) this.sampler.computeOptionValues(({ underConId }) => this.contracts.byConId(underConId), options.rate)
    const listed = instruments.map(([instrument, { listed }]) => [instrument, listed] as const)
    this.history = new History(source, listed, contents, log)
    const { startUs } = contents
    const served = { startUs, contracts: instruments.map(([, { listed }]) => listed), log }
    this.#faults = options.faults && new FaultConductor(options.faults, this, served)
    this.#player = new TapePlayer({ source, startUs, speed: options.speed, agenda: this.#faults }, this.sampler, this)
    this.#door = new Door({
      onClient: (socket) => {
        if (this.#faults?.takesConnection(socket)) return
        this.#sessions.add(new ClientSession(socket, this, options.stallTimeoutMs ?? STALL_TIMEOUT_MS))
      },
      onError: (error) => this.log.error({ err: error }, 'Clients cannot be let in'),
    })
    this.ended = this.#play()
    // A caller that never asks how the tape ended must not die of an unhandled rejection.
    this.ended.catch(() => undefined)
  }

  get port(): number {
    return this.#door.port
  }

  get publishesTime(): boolean {
    return this.#options.publishTime
  }

  get announcesTrading(): boolean {
    return this.#options.announceTrading === true
  }

  get maxLines(): number {
    return this.allowance.lines
  }

  get nowUs(): number {
    return this.#player.nowUs
  }

  get isStanding(): boolean {
    return this.#player.state === 'standing'
  }

  get hasEnded(): boolean {
    return this.#player.state === 'ended'
  }

  get isBehind(): boolean {
    return this.#behind.size > 0 || this.#holds > 0
  }

  get clockText(): string {
    const { zone } = nyse
    const clock = new Date(zone.msOfDay(this.nowUs)).toISOString().slice(11, 19)
    return `${zone.dateOf(this.nowUs).replaceAll('-', '')} ${clock} US/Eastern`
  }

  get progress(): GatewayProgress {
    const { startUs, endUs } = this.#contents
    const tapeUs = this.nowUs
    const { state } = this.#player
    const fraction =
      state === 'ended' || endUs === startUs ? Number(state === 'ended') : Math.min(1, (tapeUs - startUs) / (endUs - startUs))
    return { state, tapeUs, fraction, clients: this.#clientIds.size, lines: this.sampler.openLines }
  }

  totals(): GatewayTotals {
    return { ...this.sampler.totals, clients: this.#clients, tapeUs: this.nowUs }
  }

  async listen(): Promise<void> {
    const { host, port } = this.#options
    try {
      await this.#door.open(port, host)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      const found = code === 'EADDRINUSE' ? 'is in use' : `cannot be had (${code})`
      throw new ConfigError(`Port ${port} of ${host} ${found}. Choose another one, or 0 for any that is free.`, {
        code: 'gateway-port',
        cause,
      })
    }
    const { contracts, ticks } = this.#contents
    this.log.info({ host, port: this.port, contracts: contracts.size, ticks, speed: this.#options.speed }, 'Replay gateway is listening')
    this.#faults?.start()
    if (this.#options.startAfterLines === 0) this.#startTape()
  }

  stop(): Promise<GatewayTotals> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  claim(clientId: number, session: ClientSession): boolean {
    if (this.#clientIds.has(clientId)) return false
    this.#clientIds.set(clientId, session)
    this.#clients++
    this.#faults?.clientConnected()
    return true
  }

  takesRequest(name: string, request: object, answer: () => void): boolean {
    return this.#faults?.takesRequest(name, request, answer) === true
  }

  clients(clientId?: number): ClientSession[] {
    return [...this.#clientIds].filter(([id]) => clientId === undefined || id === clientId).map(([, session]) => session)
  }

  shutDoor(): () => void {
    const open = this.#door.shut()
    for (const session of this.#sessions) session.destroy()
    return open
  }

  replanned(): void {
    this.#player.relieve()
  }

  lineOpened(): void {
    if (this.sampler.openLines >= this.#options.startAfterLines) this.#startTape()
  }

  holdTape(): () => void {
    this.#holds++
    return () => {
      this.#holds--
      this.#player.relieve()
    }
  }

  fellBehind(session: ClientSession): void {
    this.#behind.add(session)
  }

  caughtUp(session: ClientSession): void {
    this.#behind.delete(session)
    this.#player.relieve()
  }

  released(session: ClientSession): void {
    for (const [clientId, owner] of this.#clientIds) if (owner === session) this.#clientIds.delete(clientId)
  }

  closed(session: ClientSession): void {
    this.#sessions.delete(session)
    if (this.#sessions.size === 0) this.#onEmpty?.()
  }

  flush(): void {
    for (const session of this.#sessions) session.flush()
  }

  publishTime(tsUs: number): void {
    for (const session of this.#sessions) if (session.isReady) session.atTapeTime(tsUs)
  }

  publishEnd(tsUs: number): void {
    this.#faults?.tapeEnded()
    if (!this.publishesTime) return
    this.publishTime(tsUs)
    for (const session of this.#sessions) if (session.isReady) session.publishEnd()
  }

  #startTape(): void {
    if (this.#player.state === 'standing') this.log.info({ lines: this.sampler.openLines }, 'The tape begins')
    this.#player.start()
  }

  async #play(): Promise<GatewayTotals> {
    try {
      await this.#player.run()
    } catch (error) {
      this.log.error({ err: error }, 'The tape cannot be read on; clients are disconnected')
      this.#door.shut()
      for (const session of this.#sessions) session.end()
      throw error
    }
    const totals = this.totals()
    this.log.info(totals, this.#player.isCutShort ? 'Stopped before the end of the tape' : 'The tape has ended')
    return totals
  }

  async #stop(): Promise<GatewayTotals> {
    const { publishTime, leaveTimeoutMs = LEAVE_TIMEOUT_MS } = this.#options
    this.#door.shut()
    this.#faults?.stop()
    this.#player.stop()
    await this.ended.catch(() => undefined)
    for (const session of this.#sessions) if (!session.isReady) session.destroy()
    if (publishTime) await this.#empty(leaveTimeoutMs)
    for (const session of this.#sessions) session.end()
    await this.#empty(leaveTimeoutMs)
    for (const session of this.#sessions) session.destroy()
    return this.totals()
  }

  /** Waits until all clients have left, at most so long. */
  async #empty(timeoutMs: number): Promise<void> {
    if (this.#sessions.size === 0) return
    const abort = new AbortController()
    const left = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    await Promise.race([left, delay(timeoutMs, undefined, { signal: abort.signal }).catch(() => undefined)])
    abort.abort()
  }
}

/** Several instruments may be one contract. */
function sinceByKey({ contracts, sinceUs }: SourceContents): Map<string, number> {
  const since = new Map<string, number>()
  for (const [instrument, contract] of contracts) {
    const key = contractKey(contract)
    since.set(key, Math.min(sinceUs.get(instrument) ?? 0, since.get(key) ?? Number.POSITIVE_INFINITY))
  }
  return since
}

function sourceOf({ tape, synthetic, mispricings, source }: GatewayOptions, log: Log): GatewaySource {
  const given = [tape, synthetic, source].filter((one) => one !== undefined)
  if (given.length !== 1) throw invalid('tape', 'one of a tape, a synthetic market and a source of records', given.length)
  if (source !== undefined) return source
  if (synthetic !== undefined) return syntheticSource(synthetic, mispricings === true)
  let isWarned = false
  const onTorn = (torn: TornTail) => {
    // The tape is read again for its ticks and for history.
    const cut = 'The tape was cut: its end mark is missing, and what was behind is lost'
    if (!isWarned) log.warn({ ...torn, tape }, torn.bytes === 0 ? cut : 'The tape ends in an unfinished write, which is not served')
    isWarned = true
  }
  return tapeSource(tape ?? '', { onTorn })
}

function syntheticSource(market: SyntheticMarket, isMispriced: boolean): GatewaySource {
  for (const [name, value] of Object.entries(market)) {
    const isRight = Number.isSafeInteger(value) && (value >= 1 || name === 'seed')
    if (!isRight) throw invalid(name, 'a whole number of 1 or more', value)
  }
  const source = syntheticMarket(market)
  return isMispriced ? withMispricings(source, plannedMispricings(source)) : source
}

function checkOptions({ speed, lines, startAfterLines, rate, accountCash }: GatewayOptions): void {
  if (rate !== undefined && !Number.isFinite(rate)) throw invalid('rate', 'an annual rate such as 0.05', rate)
  if (accountCash !== undefined && !(Number.isFinite(accountCash) && accountCash >= 0))
    throw invalid('account-cash', 'an amount of 0 or more, such as 25000', accountCash)
  if (speed !== 'max' && !(Number.isFinite(speed) && speed > 0)) throw invalid('speed', 'a number above 0 or max', speed)
  if (!Number.isInteger(lines) || lines < 1) throw invalid('lines', 'a whole number of 1 or more', lines)
  if (!Number.isInteger(startAfterLines) || startAfterLines < 0)
    throw invalid('start-after-lines', 'a whole number of 0 or more', startAfterLines)
  if (startAfterLines > lines)
    throw invalid('start-after-lines', `at most the ${lines} lines that may be open, or the tape would never start`, startAfterLines)
}

function invalid(option: string, expected: string, found: unknown): ConfigError {
  return new ConfigError(`Option ${option}: expected ${expected}, found ${String(found)}`, { code: 'gateway-option' })
}
