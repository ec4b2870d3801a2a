/**
 * A client of the TWS protocol that knows nothing of our gateway's code: it sends fields or bare bytes and keeps every frame
 * it gets as text, the NULs shown as `|`.
 */

import { connect, type Socket } from 'node:net'

export interface RawClientOptions {
  port: number
  /** What the client says it speaks; a space and connect options may follow. */
  versions?: string
  /** Absent: nothing but the greeting is sent. */
  clientId?: number
}

interface Waiter {
  isDone: () => boolean
  resolve: () => void
}

export class RawTwsClient {
  /** Frames so far, in order; the first is the server's version. */
  readonly frames: string[] = []
  /** Resolves when the connection is gone, however it ended. */
  readonly closed: Promise<void>
  readonly socket: Socket
  #bytes: Buffer = Buffer.alloc(0)
  #waiters: Waiter[] = []
  #isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true
        this.#look()
        resolve()
      })
    })
  }

  /** Connects and says hello; with a client id it also starts the API and waits for `nextValidId`. */
  static async connect({ port, versions = 'v100..193', clientId }: RawClientOptions): Promise<RawTwsClient> {
    const client = new RawTwsClient(connect(port, '127.0.0.1'))
    client.sendBytes(greeting(versions))
    if (clientId === undefined) return client
    await client.until(() => client.frames.length > 0)
    client.send(71, 2, clientId, '')
    await client.frame('9|1|')
    return client
  }

  /** A connection on which nothing was said yet. */
  static dial(port: number): RawTwsClient {
    return new RawTwsClient(connect(port, '127.0.0.1'))
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  send(...fields: (string | number)[]): void {
    this.sendBytes(frameOf(fields))
  }

  sendBytes(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  /** The first frame from number `from` on that begins with `prefix`, once it has come. */
  async frame(prefix: string, from = 0): Promise<string> {
    const find = () => this.frames.findIndex((frame, i) => i >= from && frame.startsWith(prefix))
    await this.until(() => find() >= 0)
    const frame = this.frames[find()]
    if (frame === undefined) throw new Error(`The connection closed before a frame ${prefix} came; got ${JSON.stringify(this.frames)}`)
    return frame
  }

  /** Resolves when `isDone`, looked at behind each read, or when the connection is gone. */
  until(isDone: () => boolean): Promise<void> {
    if (isDone() || this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiters.push({ isDone, resolve })
    })
  }

  close(): Promise<void> {
    this.socket.destroy()
    return this.closed
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    let at = 0
    while (at + 4 <= this.#bytes.length) {
      const end = at + 4 + this.#bytes.readUInt32BE(at)
      if (end > this.#bytes.length) break
      this.frames.push(this.#bytes.toString('utf8', at + 4, end).replaceAll('\0', '|'))
      at = end
    }
    this.#bytes = this.#bytes.subarray(at)
    this.#look()
  }

  #look(): void {
    const done = this.#waiters.filter((waiter) => this.#isClosed || waiter.isDone())
    this.#waiters = this.#waiters.filter((waiter) => !done.includes(waiter))
    for (const { resolve } of done) resolve()
  }
}

/** `API\0`, the length of the versions, the versions. */
export function greeting(versions: string): Buffer {
  const text = Buffer.from(versions, 'latin1')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([Buffer.from('API\0', 'latin1'), length, text])
}

/** One message as it goes over the wire. */
export function frameOf(fields: readonly (string | number)[]): Buffer {
  const content = Buffer.from(fields.map((field) => `${field}\0`).join(''), 'utf8')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  return Buffer.concat([length, content])
}
