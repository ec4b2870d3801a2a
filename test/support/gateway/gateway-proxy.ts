/**
 * A proxy between a collector and a gateway that knows where messages begin and end. It can be cut, fall silent while its sockets
 * live on, and put words into the gateway's mouth.
 */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

import { frame } from './scripted-tws.ts'

export interface GatewayProxy {
  port: number
  /** Fields of every request for market data so far, over all connections. */
  readonly marketDataRequests: string[][]
  /** Closes all connections and refuses new ones until `resume`. */
  cut(): void
  /** Silently drops everything that the gateway sends from now on, until the connection ends. */
  silence(): void
  /** A message of the gateway's that it never sent, to every client. */
  say(...fields: readonly (string | number)[]): void
  /** Sees every request first. What it returns is the answer, and the gateway never hears of the request. */
  answer: ((request: string[]) => (string | number)[] | undefined) | undefined
  /** Hears of every message of the gateway's that was passed on whole. */
  onPassed: ((message: string[]) => void) | undefined
  /**
   * After so many more messages of the gateway's, a part of the next one is passed on and the connection ends: in order, or with a reset
   * that may take along what is still on its way. Resolves when it has.
   */
  tear(messages: number, how: 'end' | 'reset'): Promise<void>
  resume(): void
  close(): Promise<void>
}

export async function startGatewayProxy(port: number): Promise<GatewayProxy> {
  const connections = new Set<Connection>()
  let refusing = false
  const server = createServer((client) => {
    if (refusing) {
      client.destroy()
      return
    }
    const connection = new Connection(client, connect(port, '127.0.0.1'), proxy)
    connections.add(connection)
    client.on('close', () => connections.delete(connection))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: GatewayProxy = {
    port: (server.address() as AddressInfo).port,
    marketDataRequests: [],
    answer: undefined,
    onPassed: undefined,
    tear: (messages, how) => Promise.any([...connections].map((connection) => connection.tear(messages, how))),
    cut() {
      refusing = true
      for (const connection of connections) connection.cut()
    },
    silence() {
      for (const connection of connections) connection.isSilent = true
    },
    say(...fields) {
      for (const { client } of connections) client.write(frame(...fields))
    },
    resume() {
      refusing = false
    },
    async close() {
      for (const connection of connections) connection.cut()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

const REQUEST_MARKET_DATA = '1'
const START_API = '71'

class Connection {
  readonly client: Socket
  readonly #gateway: Socket
  readonly #proxy: GatewayProxy
  isSilent = false
  #tear: { messages: number; how: 'end' | 'reset' } | undefined
  #started = false

  constructor(client: Socket, gateway: Socket, proxy: GatewayProxy) {
    this.client = client
    this.#gateway = gateway
    this.#proxy = proxy
    for (const socket of [client, gateway]) {
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
    }
    client.on('close', () => gateway.destroy())
    gateway.on('close', () => client.destroy())
    let hello = Buffer.alloc(0)
    const requests = messagesOf((message) => this.#toGateway(message))
    client.on('data', (chunk: Buffer) => {
      if (this.#started) return requests(chunk)
      // The greeting has a form of its own; what follows it waits for the gateway's answer.
      hello = Buffer.concat([hello, chunk])
      const length = hello.length < 8 ? undefined : 8 + hello.readUInt32BE(4)
      if (length === undefined || hello.length < length) return
      this.#started = true
      gateway.write(hello.subarray(0, length))
      requests(hello.subarray(length))
    })
    const answers = messagesOf((message) => this.#toClient(message))
    gateway.on('data', answers)
  }

  cut(): void {
    this.client.destroy()
    this.#gateway.destroy()
  }

  async tear(messages: number, how: 'end' | 'reset'): Promise<void> {
    this.#tear = { messages, how }
    await once(this.client, 'close')
  }

  #toClient(message: Buffer): void {
    if (this.isSilent) return
    if (this.#tear && this.#tear.messages-- === 0) {
      this.isSilent = true
      this.client.write(message.subarray(0, message.length >> 1))
      if (this.#tear.how === 'end') this.client.end()
      else this.client.resetAndDestroy()
      return
    }
    this.client.write(message)
    this.#proxy.onPassed?.(fieldsOf(message))
  }

  #toGateway(message: Buffer): void {
    const fields = fieldsOf(message)
    if (fields[0] === REQUEST_MARKET_DATA) this.#proxy.marketDataRequests.push(fields)
    const answer = fields[0] === START_API ? undefined : this.#proxy.answer?.(fields)
    if (answer) this.client.write(frame(...answer))
    else this.#gateway.write(message)
  }
}

function fieldsOf(message: Buffer): string[] {
  return message.toString('utf8', 4).split('\0').slice(0, -1)
}

/** Cuts a stream of bytes into whole messages, their length in front. */
function messagesOf(onMessage: (message: Buffer) => void): (chunk: Buffer) => void {
  let bytes = Buffer.alloc(0)
  return (chunk) => {
    bytes = Buffer.concat([bytes, chunk])
    let at = 0
    for (;;) {
      if (bytes.length < at + 4) break
      const end = at + 4 + bytes.readUInt32BE(at)
      if (bytes.length < end) break
      onMessage(bytes.subarray(at, end))
      at = end
    }
    bytes = bytes.subarray(at)
  }
}
