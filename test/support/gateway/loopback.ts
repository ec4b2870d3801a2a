/** Sees the sockets of both ends of connections within this process, and whether bytes, or an end, are still on their way between them. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

const CLIENT_SOCKETS = 'net.client.socket'

export class Loopback {
  /** `performance.now()` of each attempt to connect. */
  readonly attemptsMs: number[] = []
  readonly #clients = new Set<Socket>()
  /** By the port of the client, until the client's end is known. */
  readonly #accepted = new Map<number, Socket>()
  readonly #servers = new WeakMap<Socket, Socket>()
  readonly #onClient = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    this.#clients.add(socket)
    // A small request behind another one would wait 40 ms for the acknowledgement of that, in real time.
    socket.setNoDelay(true)
    this.attemptsMs.push(performance.now())
  }

  /** Sees clients that connect from now on. */
  start(): void {
    subscribe(CLIENT_SOCKETS, this.#onClient)
  }

  stop(): void {
    unsubscribe(CLIENT_SOCKETS, this.#onClient)
  }

  /** The server has accepted this one. */
  accepted(socket: Socket): void {
    const port = socket.remotePort
    if (port !== undefined) this.#accepted.set(port, socket)
  }

  get isBusy(): boolean {
    for (const client of this.#clients) {
      if (client.connecting) return true
      if (this.#isBusy(client)) return true
    }
    return false
  }

  #serverOf(client: Socket): Socket | undefined {
    const known = this.#servers.get(client)
    if (known) return known
    const { localPort: port = -1 } = client
    const server = this.#accepted.get(port)
    if (!server) return undefined
    this.#accepted.delete(port)
    this.#servers.set(client, server)
    return server
  }

  #isBusy(client: Socket): boolean {
    const server = this.#serverOf(client)
    // Refused, or closed before it was accepted.
    if (!server) {
      if (client.closed) this.#clients.delete(client)
      return !client.closed
    }
    if (client.closed && server.closed) {
      this.#clients.delete(client)
      return false
    }
    if (client.destroyed || server.destroyed) return true
    return client.bytesRead !== server.bytesWritten || server.bytesRead !== client.bytesWritten
  }
}
