/**
 * A proxy between a client and PostgreSQL that understands the frames of the protocol well enough to stop the traffic at a
 * chosen message, and to cut connections there. Everything else passes byte for byte. TLS is not understood.
 *
 * A hold is armed, then reached by the first matching message of any connection: that message and all that follow it in its
 * direction wait. Then it is released, or the connection is cut on the client's side (the server lives on, and gets what was
 * held when it is released) or on both.
 */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Where the traffic of one connection stops. */
export interface Hold {
  /** Resolves when a message matched and waits. */
  readonly reached: Promise<void>
  /** Lets the message and what follows pass. */
  release(): void
  /** Closes the client's side at once. The server's side stays open until `release`, which delivers what was held and then closes it. */
  cutClient(): void
  /** Closes both sides; what was held is never delivered. */
  cut(): void
}

export interface PostgresProxy {
  /** The same database through the proxy. */
  url(databaseUrl: string): string
  /** Stops the next rows that a client sends in a COPY. */
  holdCopyData(): Hold
  /** Stops, on its way to the server, what makes it commit: a COMMIT, or the end of the rows in front of one. */
  holdCommit(): Hold
  /** Stops the server's next reply to a COMMIT of rows: they are committed and their client does not know. */
  holdReplyToCommit(): Hold
  /** Closes all connections, and refuses new ones until `resume`. */
  cut(): void
  resume(): void
  close(): Promise<void>
}

type Direction = 'to-server' | 'to-client'
/** `query` is the connection's last query; `hasRows`: rows were sent since its last COMMIT. */
type Matches = (direction: Direction, frame: Buffer, query: string, hasRows: boolean) => boolean

interface Armed {
  matches: Matches
  reachedBy: (connection: ProxiedConnection, pipe: Pipe) => void
}

/** Listens on a free port of 127.0.0.1 in front of the server of `databaseUrl`. */
export async function startPostgresProxy(databaseUrl: string): Promise<PostgresProxy> {
  const { hostname, port } = new URL(databaseUrl)
  const connections = new Set<ProxiedConnection>()
  const armed: Armed[] = []
  let refusing = false

  const server = createServer((client) => {
    if (refusing) {
      client.destroy()
      return
    }
    const connection = new ProxiedConnection(client, connect({ host: hostname, port: Number(port || 5432), allowHalfOpen: true }), armed)
    connections.add(connection)
    connection.server.on('close', () => connections.delete(connection))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxyPort = (server.address() as AddressInfo).port

  const arm = (matches: Matches): Hold => {
    let at: { connection: ProxiedConnection; pipe: Pipe } | undefined
    let resolve: () => void
    const reached = new Promise<void>((done) => {
      resolve = done
    })
    armed.push({
      matches,
      reachedBy: (connection, pipe) => {
        at = { connection, pipe }
        resolve()
      },
    })
    const place = () => {
      if (!at) throw new Error('The hold was not reached yet: await `reached` first.')
      return at
    }
    return {
      reached,
      release: () => place().connection.release(place().pipe),
      cutClient: () => place().connection.cutClient(),
      cut: () => place().connection.cut(),
    }
  }

  return {
    url(url) {
      const address = new URL(url)
      address.hostname = '127.0.0.1'
      address.port = String(proxyPort)
      return address.href
    },
    holdCopyData: () => arm((direction, frame) => direction === 'to-server' && typeOf(frame) === 'd'),
    holdCommit: () => arm((direction, frame, query) => direction === 'to-server' && commits(frame, query)),
    holdReplyToCommit: () => arm((direction, frame, _query, hasRows) => direction === 'to-client' && hasRows && isCommitted(frame)),
    cut() {
      refusing = true
      for (const connection of connections) connection.cut()
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
}

class ProxiedConnection {
  readonly client: Socket
  readonly server: Socket
  #clientIsGone = false
  readonly #armed: Armed[]
  #query = ''
  #hasRows = false

  constructor(client: Socket, server: Socket, armed: Armed[]) {
    this.client = client
    this.server = server
    this.#armed = armed
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
    }
    const toServer = new Pipe(client, server, true, (frame) => this.#stops('to-server', frame, toServer))
    const toClient = new Pipe(server, client, false, (frame) => this.#stops('to-client', frame, toClient))
    client.on('close', () => {
      if (!this.#clientIsGone) server.destroy()
    })
    server.on('end', () => client.end())
    server.on('close', () => client.destroy())
  }

  release(pipe: Pipe): void {
    pipe.release()
    if (this.#clientIsGone) this.server.end()
  }

  cutClient(): void {
    this.#clientIsGone = true
    this.client.destroy()
  }

  cut(): void {
    this.client.destroy()
    this.server.destroy()
  }

  #stops(direction: Direction, frame: Buffer, pipe: Pipe): boolean {
    if (direction === 'to-server' && typeOf(frame) === 'Q') this.#query = textOf(frame)
    if (direction === 'to-server' && typeOf(frame) === 'd') this.#hasRows = true
    const index = this.#armed.findIndex(({ matches }) => matches(direction, frame, this.#query, this.#hasRows))
    if (direction === 'to-client' && isCommitted(frame)) this.#hasRows = false
    const [hold] = index < 0 ? [] : this.#armed.splice(index, 1)
    hold?.reachedBy(this, pipe)
    return hold !== undefined
  }
}

/** One direction of a connection, frame by frame. */
class Pipe {
  readonly #sink: Socket
  readonly #stops: (frame: Buffer) => boolean
  /** A client's first frame has no type. */
  #untyped: boolean
  #bytes: Buffer = Buffer.alloc(0)
  /** Frames that wait, while held. */
  #held: Buffer[] | undefined

  constructor(source: Socket, sink: Socket, fromClient: boolean, stops: (frame: Buffer) => boolean) {
    this.#sink = sink
    this.#stops = stops
    this.#untyped = fromClient
    source.on('data', (chunk: Buffer) => {
      this.#take(chunk)
      if (sink.writableNeedDrain) source.pause()
    })
    sink.on('drain', () => source.resume())
  }

  release(): void {
    for (const frame of this.#held ?? []) this.#sink.write(frame)
    this.#held = undefined
  }

  #take(chunk: Buffer): void {
    this.#bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, chunk]) : chunk
    let at = 0
    for (;;) {
      const typeBytes = this.#untyped ? 0 : 1
      if (at + typeBytes + 4 > this.#bytes.length) break
      const end = at + typeBytes + this.#bytes.readInt32BE(at + typeBytes)
      if (end > this.#bytes.length) break
      this.#pass(this.#bytes.subarray(at, end))
      this.#untyped = false
      at = end
    }
    this.#bytes = this.#bytes.subarray(at)
  }

  #pass(frame: Buffer): void {
    if (this.#held) this.#held.push(frame)
    else if (!this.#untyped && this.#stops(frame)) this.#held = [frame]
    else if (!this.#sink.destroyed) this.#sink.write(frame)
  }
}

/** A query that ends in COMMIT commits when its last COPY is done, or at once when it has none. */
function commits(frame: Buffer, query: string): boolean {
  if (!/\bcommit\W*$/i.test(query)) return false
  return typeOf(frame) === (/\bfrom stdin\b/i.test(query) ? 'c' : 'Q')
}

function isCommitted(frame: Buffer): boolean {
  return typeOf(frame) === 'C' && textOf(frame).startsWith('COMMIT')
}

function textOf(frame: Buffer): string {
  return frame.toString('latin1', 5)
}

function typeOf(frame: Buffer): string {
  return String.fromCharCode(frame[0] ?? 0)
}
