/** Servers that are no database, as far as a client gets to know: one refuses every login, one speaks another protocol, one is not there. */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

const SSL_REQUEST = 80_877_103
const GSS_REQUEST = 80_877_104
/** AuthenticationCleartextPassword: a client that has a password sends it. */
const ASK_PASSWORD = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])
const PASSWORD_MESSAGE = 0x70

export interface BadServer {
  port: number
  close: () => void
}

/** @param onPassword is given each password that a client sends */
export function startRefusing(onPassword: (password: string) => void): Promise<BadServer> {
  return listening((socket) => {
    let received = Buffer.alloc(0)
    let isStarted = false
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes])
      while (!isStarted && received.length >= 8 && received.length >= received.readInt32BE(0)) {
        const code = received.readInt32BE(4)
        isStarted = code !== SSL_REQUEST && code !== GSS_REQUEST
        received = received.subarray(received.readInt32BE(0))
        socket.write(isStarted ? ASK_PASSWORD : 'N')
      }
      if (!isStarted || received[0] !== PASSWORD_MESSAGE || received.length < 1 + received.readInt32BE(1)) return
      onPassword(received.toString('utf8', 5, received.readInt32BE(1)))
      socket.end(refusal('28P01', 'password authentication failed for user "tapedeck"'))
    })
  })
}

/** Something else that listens there. */
export function startTalkingHttp(): Promise<BadServer> {
  return listening((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'))
  })
}

/** A port that nothing listens on any more. */
export async function startNone(): Promise<BadServer> {
  const { port, close } = await listening(() => undefined)
  close()
  return { port, close: () => undefined }
}

async function listening(onConnection: (socket: Socket) => void): Promise<BadServer> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() }
}

/** An ErrorResponse. */
function refusal(sqlState: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${sqlState}\0M${message}\0\0`)
  const head = Buffer.from([0x45, 0, 0, 0, 0])
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}
