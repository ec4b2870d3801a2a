/**
 * A TWS that serves a simulated market, with everything that goes wrong around one: IB away with and without the lines, farms, a competing
 * session, sockets that are half open, restarts, logins that are lost. Messages are typed at server version 193.
 *
 * It runs in the process of the collector and answers in the turn in which a request comes, so that in virtual time a run is always the
 * same.
 */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'

import type { Loopback } from './loopback.ts'
import { frame, TwsConnection } from './scripted-tws.ts'

export type FarmName = 'usfarm' | 'usopt' | 'ushmds'

export interface ServedContract {
  conId: number
  farm: FarmName
  /** The fields of its contractData. */
  details: (reqId: string) => string[]
  /** Whether a request for details is about it. */
  isAskedFor: (request: { symbol: string; secType: string; expiry: string; tradingClass: string }) => boolean
  /** The fields of a message with that price, without the numbers of message and request. */
  priced: (price: number) => (string | number)[]
}

export interface ChainAnswer {
  expirations: readonly string[]
  strikes: readonly number[]
  tradingClass: string
}

/** What a line is of: market data, or one kind of data tick by tick. */
export type Served = 'market-data' | 'AllLast' | 'BidAsk'

interface ServedLine {
  contract: ServedContract
  of: Served
  /** Nothing comes of it any more, and nobody says so. */
  isDead: boolean
}

/** For so long a stream that was cancelled is kept, and given to who asks for the same, dead or alive. */
const LINGERING_MS = 15_000

interface Client {
  connection: TwsConnection
  lines: Map<string, ServedLine>
  isUp: boolean
  /** Half open: nothing gets through in either direction, and nobody notices. */
  isMute: boolean
}

const FARMS = ['usfarm', 'usopt', 'ushmds'] as const
const RESTORED = 'Connectivity between IB and Trader Workstation has been restored - data maintained.'

export class SimulatedTws {
  readonly #contracts: readonly ServedContract[]
  readonly #chain: ChainAnswer
  readonly #loopback: Loopback
  readonly #clients = new Set<Client>()
  /** Those that nothing is said to. */
  readonly #strangers = new Set<TwsConnection>()
  readonly #lastPrices = new Map<ServedContract, number>()
  /** The same as far as this TWS has heard of them. */
  readonly #heard = new Map<ServedContract, number>()
  /** When each contract had its newest tick, in milliseconds since 1970; recorded by IB whether it was served or not. */
  readonly #tickedMs = new Map<ServedContract, number>()
  /** Those that it has named as broken; every client hears of them. */
  /** It tells a new client which farms are broken. */
  namesBrokenFarms = true
  readonly #brokenFarms = new Set<FarmName>()
  readonly #downFarms = new Set<FarmName>()
  /** `performance.now()` of every request that any client sent. */
  readonly requestsMs: number[] = []
  /** The same of connections that were refused, as their client id is in use. */
  readonly refusedIdsMs: number[] = []
  /** Requests for lines, in the order in which they came. */
  readonly asked: { contract: ServedContract; of: Served; ms: number }[] = []
  /** The same of cancels. */
  readonly cancelled: { contract: ServedContract; of: Served; ms: number }[] = []
  /** Tick-by-tick streams that were cancelled. */
  readonly #lingering = new Map<string, { untilMs: number; isDead: boolean }>()
  /** Lines whose data is away are answered for, with what stood before. */
  answersFromCache = false
  #server: Server | undefined
  #port = 0
  #isStarting = false
  /** IB has been reached. */
  #isIbUp = true
  #isCompeting = false
  /** Data waits, to be sent in one burst. */
  #held: (() => void)[] | undefined
  /** Sockets are accepted, and nothing is said. */
  #isDeaf = false
  #isIdTaken = false

  constructor(contracts: readonly ServedContract[], chain: ChainAnswer, loopback: Loopback) {
    this.#contracts = contracts
    this.#chain = chain
    this.#loopback = loopback
  }

  get port(): number {
    return this.#port
  }

  /** It is up, and cannot be reached yet. */
  get isStarting(): boolean {
    return this.#isStarting
  }

  /** Its process is up. */
  async start(): Promise<void> {
    this.#isStarting = true
    const server = createServer((socket) => {
      this.#loopback.accepted(socket)
      this.#accept(new TwsConnection(socket))
    })
    this.#server = server
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#isStarting = false
  }

  /** Its process is gone. */
  stop(): void {
    this.dropClients()
    this.#server?.close()
    this.#server = undefined
  }

  /** Every socket is reset. */
  dropClients(): void {
    for (const { connection } of this.#clients) connection.socket.destroy()
    this.#clients.clear()
  }

  /** Sockets are accepted and nothing is said. */
  deaf(): void {
    this.#isDeaf = true
    this.dropClients()
  }

  /** Clients are served again. */
  listening(): void {
    this.#isDeaf = false
    for (const { socket } of this.#strangers) socket.destroy()
    this.#strangers.clear()
  }

  /** It has not noticed that the last client is gone (326). */
  idTaken(isTaken: boolean): void {
    this.#isIdTaken = isTaken
  }

  /** Clients of now hear nothing more and are not heard. */
  muteClients(): void {
    for (const client of this.#clients) client.isMute = true
  }

  /** IB cannot be reached; nobody has noticed yet. */
  ibGone(): void {
    this.#isIbUp = false
  }

  /** IB can be reached again, and nothing is said of it. */
  ibReached(): void {
    this.#isIbUp = true
  }

  notice(code: number, text: string): void {
    this.#toAll(4, 2, -1, code, text, '')
  }

  ibLost(): void {
    this.#isIbUp = false
    this.notice(1100, 'Connectivity between IB and Trader Workstation has been lost.')
  }

  /** IB is back and kept the lines, as it says, but for those of `dead` farms, of which its text has `missing`. */
  ibBack({ missing = [], dead = [] }: { missing?: FarmName[]; dead?: FarmName[] } = {}): void {
    this.#isIbUp = true
    this.killLines((contract, of) => dead.includes(farmOf(contract, of)))
    for (const farm of missing) this.#downFarms.add(farm)
    const connected = [...FARMS, 'secdefnj'].filter((farm) => !missing.includes(farm as FarmName))
    const farms =
      missing.length === 0
        ? `All data farms are connected: ${connected.join('; ')}.`
        : `The following farms are connected: ${connected.join('; ')}. The following farms are not connected: ${missing.join('; ')}.`
    this.notice(1102, `${RESTORED} ${farms}`)
  }

  /** IB is back and has forgotten all lines. */
  ibBackWithoutLines(): void {
    this.#isIbUp = true
    for (const { lines } of this.#clients) lines.clear()
    this.notice(1101, 'Connectivity between IB and Trader Workstation has been restored - data lost.')
  }

  farmGone(farm: FarmName): void {
    this.#downFarms.add(farm)
  }

  /** It works again, and nothing is said of it. */
  farmHeals(farm: FarmName): void {
    this.#downFarms.delete(farm)
  }

  farmBroken(farm: FarmName): void {
    this.#downFarms.add(farm)
    this.#brokenFarms.add(farm)
    if (farm === 'ushmds') this.notice(2105, `HMDS data farm connection is broken:${farm}`)
    else this.notice(2103, `Market data farm connection is broken:${farm}`)
  }

  /** It works again, as it says; its lines may be dead nevertheless. */
  farmWorks(farm: FarmName, { areLinesDead = false } = {}): void {
    this.#downFarms.delete(farm)
    this.#brokenFarms.delete(farm)
    if (areLinesDead) this.killLines((contract, of) => farmOf(contract, of) === farm)
    if (farm === 'ushmds') this.notice(2106, `HMDS data farm connection is OK:${farm}`)
    else this.notice(2104, `Market data farm connection is OK:${farm}`)
  }

  /** Nothing comes of these lines any more until they are asked for again. */
  killLines(isKilled: (contract: ServedContract, of: Served) => boolean): void {
    for (const { lines } of this.#clients) for (const line of lines.values()) if (isKilled(line.contract, line.of)) line.isDead = true
  }

  /** Another session of the user has the data. */
  competing(isCompeting: boolean): void {
    this.#isCompeting = isCompeting
    if (!isCompeting) return
    for (const client of this.#clients) for (const [reqId, { of }] of client.lines) if (of === 'market-data') this.#refuse(client, reqId)
  }

  /** Refuses a line that is served. */
  refuseLines(isRefused: (contract: ServedContract) => boolean, code: number, text: string): void {
    for (const client of this.#clients)
      for (const [reqId, { contract }] of client.lines)
        if (isRefused(contract)) {
          client.lines.delete(reqId)
          this.#send(client, 4, 2, reqId, code, text, '')
        }
  }

  /** Data waits from now on. */
  hold(): void {
    this.#held ??= []
  }

  /** What waited comes at once. */
  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const send of held) send()
  }

  /** The price that new lines begin with. */
  stands(contract: ServedContract, price: number): void {
    this.#lastPrices.set(contract, price)
    if (this.#isServed(contract, 'market-data')) this.#heard.set(contract, price)
  }

  /** IB records a tick now. */
  ticked(contract: ServedContract): void {
    this.#tickedMs.set(contract, Date.now())
  }

  /** The market has a new price. */
  tick(contract: ServedContract, price: number): void {
    this.stands(contract, price)
    this.ticked(contract)
    this.say(contract, 'market-data', (reqId) => [1, 6, reqId, ...contract.priced(price)])
  }

  /** Sends something on the lines of a contract that are served. */
  say(contract: ServedContract, of: Served, message: (reqId: string) => (string | number)[]): void {
    if (!this.#isServed(contract, of)) return
    for (const client of this.#clients)
      for (const [reqId, line] of client.lines)
        if (line.contract === contract && line.of === of && !line.isDead) this.#sendData(client, ...message(reqId))
  }

  #isServed(contract: ServedContract, of: Served): boolean {
    return this.#isIbUp && !this.#isCompeting && !this.#downFarms.has(farmOf(contract, of))
  }

  #accept(connection: TwsConnection): void {
    if (this.#isDeaf) return void this.#strangers.add(connection)
    const client: Client = { connection, lines: new Map(), isUp: false, isMute: false }
    this.#clients.add(client)
    connection.socket.on('close', () => this.#clients.delete(client))
    connection.onRequest = (fields) => {
      if (!client.isMute) this.#answer(client, fields)
    }
    void connection.hello.then(() => this.#send(client, 193, '20241101 09:30:00 EST'))
  }

  #answer(client: Client, fields: string[]): void {
    this.requestsMs.push(performance.now())
    const [type = '', , third = ''] = fields
    switch (type) {
      case '71':
        return this.#greet(client)
      case '49':
        return this.#send(client, 49, 1, Math.floor(Date.now() / 1000))
      case '9':
        return this.#describe(client, fields)
      case '78':
        return this.#listChain(client, fields)
      case '91':
        return this.#send(client, 93, fields[1] ?? '', 1, 0, 0.01)
      case '96':
        return this.#history(client, fields)
      case '1':
        return this.#open(client, third, Number(fields[3]), 'market-data')
      case '97':
        return this.#open(client, fields[1] ?? '', Number(fields[2]), fields[14] as Served)
      case '2':
        return this.#cancel(client, third)
      case '98':
        return this.#cancel(client, fields[1] ?? '')
      default:
    }
  }

  #greet(client: Client): void {
    if (this.#isIdTaken) {
      this.refusedIdsMs.push(performance.now())
      this.#send(client, 4, 2, -1, 326, 'Unable to connect as the client id is already in use. Retry with a unique client id.', '')
      client.connection.socket.end()
      return
    }
    client.isUp = true
    this.#send(client, 15, 1, 'DU1234567')
    this.#send(client, 9, 1, 1)
    if (!this.#isIbUp) return this.#send(client, 4, 2, -1, 2110, 'Connectivity between Trader Workstation and server is broken.', '')
    if (this.namesBrokenFarms)
      for (const farm of this.#brokenFarms) this.#send(client, 4, 2, -1, 2103, `Market data farm connection is broken:${farm}`, '')
    for (const farm of ['usfarm', 'usopt'] as const)
      if (!this.#downFarms.has(farm)) this.#send(client, 4, 2, -1, 2104, `Market data farm connection is OK:${farm}`, '')
    this.#send(client, 4, 2, -1, 2106, 'HMDS data farm connection is OK:ushmds', '')
  }

  #describe(client: Client, fields: string[]): void {
    const [, , reqId = '', , symbol = '', secType = '', expiry = '', , , , , , , , tradingClass = ''] = fields
    const found = this.#contracts.filter((contract) => contract.isAskedFor({ symbol, secType, expiry, tradingClass }))
    if (found.length === 0 || !this.#isIbUp)
      return this.#send(client, 4, 2, reqId, 200, 'No security definition has been found for the request', '')
    for (const { details } of found) this.#send(client, ...details(reqId))
    this.#send(client, 52, 1, reqId)
  }

  #listChain(client: Client, [, reqId = '', symbol = '', , , conId = '']: string[]): void {
    const { expirations, strikes, tradingClass } = this.#chain
    if (symbol === tradingClass)
      this.#send(client, 75, reqId, 'SMART', conId, tradingClass, 100, expirations.length, ...expirations, strikes.length, ...strikes)
    this.#send(client, 76, reqId)
  }

  /** The newest tick, with whole seconds. */
  #history(client: Client, fields: string[]): void {
    const [, reqId = '', conId] = fields
    if (!this.#isIbUp || this.#downFarms.has('ushmds')) return
    const contract = this.#contracts.find((one) => one.conId === Number(conId))
    const tickedMs = contract && this.#tickedMs.get(contract)
    const [type, values] = fields.includes('TRADES') ? [98, [70, 3, 'NYSE', '']] : [97, [70, 71, 3, 4]]
    const ticks = tickedMs === undefined ? [0] : [1, Math.floor(tickedMs / 1000), 0, ...values]
    this.#send(client, type, reqId, ...ticks, 1)
  }

  #open(client: Client, reqId: string, conId: number, of: Served): void {
    const contract = this.#contracts.find((one) => one.conId === conId)
    if (!contract) return this.#send(client, 4, 2, reqId, 200, 'No security definition has been found for the request', '')
    this.asked.push({ contract, of, ms: performance.now() })
    client.lines.set(reqId, { contract, of, isDead: this.#isRevivedDead(contract, of) })
    // IB acknowledges no tick-by-tick line.
    if (of !== 'market-data') return
    if (this.#isCompeting) return this.#refuse(client, reqId)
    if (!this.#isServed(contract, of) && !this.answersFromCache) return
    this.#send(client, 81, reqId, '0.01', '9c0001', 3)
    this.#send(client, 58, 1, reqId, 1)
    const price = (this.#isServed(contract, of) ? this.#lastPrices : this.#heard).get(contract)
    if (price !== undefined) this.#sendData(client, 1, 6, reqId, ...contract.priced(price))
  }

  #cancel(client: Client, reqId: string): void {
    const line = client.lines.get(reqId)
    client.lines.delete(reqId)
    if (!line) return
    const { contract, of, isDead } = line
    this.cancelled.push({ contract, of, ms: performance.now() })
    if (of !== 'market-data') this.#lingering.set(`${contract.conId} ${of}`, { untilMs: performance.now() + LINGERING_MS, isDead })
  }

  /** A tick-by-tick stream that was cancelled a moment ago is joined again, as it is. */
  #isRevivedDead({ conId }: ServedContract, of: Served): boolean {
    const { untilMs = 0, isDead = false } = this.#lingering.get(`${conId} ${of}`) ?? {}
    return isDead && performance.now() < untilMs
  }

  #refuse(client: Client, reqId: string): void {
    this.#send(client, 4, 2, reqId, 10197, 'No market data during competing live session', '')
  }

  #sendData(client: Client, ...fields: (string | number)[]): void {
    if (this.#held) this.#held.push(() => this.#send(client, ...fields))
    else this.#send(client, ...fields)
  }

  #toAll(...fields: (string | number)[]): void {
    for (const client of this.#clients) if (client.isUp) this.#send(client, ...fields)
  }

  #send({ connection: { socket }, isMute }: Client, ...fields: (string | number)[]): void {
    if (!isMute && socket.writable) socket.write(frame(...fields))
  }
}

/** Tick-by-tick data comes from the farm of history. */
function farmOf({ farm }: ServedContract, of: Served): FarmName {
  return of === 'market-data' ? farm : 'ushmds'
}
