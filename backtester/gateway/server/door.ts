/**
 * The door through which clients come in: a port that faults shut for a while, and the end for good.
 *
 * States: shut -> opening (its address is being found and taken) -> open -> shut. Several may keep it shut, and the last of them opens it.
 * Shut again while it is opening, it goes on and shuts as soon as it is open: a server cannot be made to listen twice. It opens
 * again at the address that it had, as a host name may stand for another one by then, or for none.
 */

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

interface DoorOptions {
  onClient: (socket: Socket) => void
  /** It cannot be opened again, or somebody cannot be let in. */
  onError: (error: Error) => void
}

export class Door {
  readonly #server: Server
  /** Undefined until it was open once. */
  #address: { port: number; host: string } | undefined
  #isOpening = false
  /** Those that keep it shut. */
  #shuts = 0

  constructor({ onClient, onError }: DoorOptions) {
    this.#server = createServer(onClient)
    this.#server.on('listening', () => {
      this.#isOpening = false
      if (this.#shuts > 0) this.#server.close()
    })
    this.#server.on('error', (error) => {
      this.#isOpening = false
      if (this.#address) onError(error)
    })
  }

  /** The port that was taken, also while it is shut; 0 before it was open. */
  get port(): number {
    return this.#address?.port ?? 0
  }

  /** `port` 0: any free one. Rejects when it cannot be had. */
  async open(port: number, host: string): Promise<void> {
    this.#isOpening = true
    this.#server.listen(port, host)
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (typeof address === 'object' && address) this.#address = { port: address.port, host: address.address }
  }

  /** Lets nobody in until what is returned is called, and everybody else who has shut it has done the same. */
  shut(): () => void {
    this.#shuts++
    if (this.#server.listening && !this.#isOpening) this.#server.close()
    return () => {
      this.#shuts--
      if (this.#shuts > 0 || !this.#address || this.#isOpening || this.#server.listening) return
      this.#isOpening = true
      this.#server.listen(this.#address.port, this.#address.host)
    }
  }
}
