/**
 * A TWS that sends what a test scripts. It knows how bytes become messages and how the handshake goes; every message is typed
 * by the test, field by field, as IB's protocol has it at server version 193.
 *
 * States of a connection: the client's version range is awaited (`hello`), then messages flow both ways until one side ends it.
 */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** The bytes of one message: a big-endian length, then the fields, each closed by a NUL. */
export function frame(...fields: readonly (string | number)[]): Buffer {
  const body = Buffer.from(fields.map((field) => `${field}\0`).join(''))
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}

export interface TwsRequest {
  fields: string[]
  /** `performance.now()` of the read that completed it. */
  atMs: number
}

export class TwsConnection {
  /** Everything the client has sent, in order. */
  readonly requests: TwsRequest[] = []
  /** The range of versions that the client speaks: `v100..193`. */
  readonly hello: Promise<string>
  readonly socket: Socket
  /** Is given every request as it comes, for an answer in the same turn. */
  onRequest: ((fields: string[]) => void) | undefined
  #bytes = Buffer.alloc(0)
  #greeted = false
  #taken = new Set<TwsRequest>()
  #waiting: { id: string; resolve: (fields: string[]) => void }[] = []

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    this.hello = new Promise((resolve) => {
      socket.on('data', (chunk) => this.#read(chunk, resolve))
    })
  }

  send(...fields: readonly (string | number)[]): void {
    this.socket.write(frame(...fields))
  }

  /** The next request with this message id that no earlier call has returned, whether it has come already or not. */
  request(id: number): Promise<string[]> {
    const came = this.requests.find((request) => request.fields[0] === String(id) && !this.#taken.has(request))
    if (came) {
      this.#taken.add(came)
      return Promise.resolve(came.fields)
    }
    return new Promise((resolve) => this.#waiting.push({ id: String(id), resolve }))
  }

  #read(chunk: Buffer, resolveHello: (range: string) => void): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    const prefix = this.#greeted ? 0 : 'API\0'.length
    while (this.#bytes.length >= prefix + 4) {
      const start = (this.#greeted ? 0 : prefix) + 4
      const end = start + this.#bytes.readUInt32BE(start - 4)
      if (this.#bytes.length < end) return
      const text = this.#bytes.toString('utf8', start, end)
      this.#bytes = this.#bytes.subarray(end)
      if (this.#greeted) this.#take({ fields: text.split('\0').slice(0, -1), atMs: performance.now() })
      else resolveHello(text)
      this.#greeted = true
    }
  }

  #take(request: TwsRequest): void {
    this.requests.push(request)
    this.onRequest?.(request.fields)
    const waiting = this.#waiting.findIndex(({ id }) => id === request.fields[0])
    if (waiting < 0) return
    this.#taken.add(request)
    this.#waiting.splice(waiting, 1)[0]?.resolve(request.fields)
  }
}

/** The handshake as IB does it: version, startApi, accounts, next valid order id. */
export async function greet(connection: TwsConnection): Promise<void> {
  await connection.hello
  connection.send(193, '20140605 09:30:00 EST')
  await connection.request(71)
  connection.send(15, 1, 'DU1234567')
  connection.send(9, 1, 1)
}

export interface ScriptedTws {
  port: number
  /** Every connection so far. */
  connections: TwsConnection[]
  close(): Promise<void>
}

/** Listens on a free port of the loopback. `script` is run for each connection with its number, counted from 0. */
export async function startScriptedTws(script: (connection: TwsConnection, index: number) => unknown = greet): Promise<ScriptedTws> {
  const connections: TwsConnection[] = []
  const server = createServer((socket) => {
    const connection = new TwsConnection(socket)
    void script(connection, connections.push(connection) - 1)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    async close() {
      for (const { socket } of connections) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
