/** New connections are accepted and the handshake goes wrong. What it has taken is closed when the fault is over. */

import type { Socket } from 'node:net'
import type { z } from 'zod'

import { FrameWriter } from '../../protocol/wire.ts'
import type { FaultKind } from '../fault.ts'
import { integer, oneOf, seconds } from '../fields.ts'

const FIELDS = {
  how: oneOf(['silent', 'closed', 'version']).describe(
    '`silent`: connections are accepted and nothing is said; `closed`: accepted and closed; `version`: a server version that no client knows.',
  ),
  version: integer(0, 100_000).default(1000).describe('The server version that `how: version` answers.'),
  connections: integer(1, 100_000).optional().describe('Only so many connections; else all while it lasts.'),
  seconds,
} as const

type Handshake = z.output<z.ZodObject<typeof FIELDS>>

export const handshake: FaultKind<Handshake> = {
  name: 'handshake',
  fields: FIELDS,
  describe: ({ how, version }) => `handshake ${how}${how === 'version' ? ` ${version}` : ''}`,
  begin(fault) {
    const taken = new Set<Socket>()
    let left = fault.connections ?? Number.POSITIVE_INFINITY
    return {
      connected(socket) {
        if (left === 0) return false
        left--
        taken.add(socket)
        socket.on('close', () => taken.delete(socket))
        // A client that vanishes is everyday business.
        socket.on('error', () => socket.destroy())
        misgreet(socket, fault)
        return true
      },
      end() {
        left = 0
        for (const socket of taken) socket.destroy()
      },
    }
  },
}

function misgreet(socket: Socket, { how, version }: Handshake): void {
  // What is not read would hide that the client leaves.
  socket.resume()
  if (how === 'closed') socket.end()
  if (how !== 'version') return
  socket.once('data', () => {
    const writer = new FrameWriter()
    writer.message([version, ''])
    socket.write(writer.take())
  })
}
