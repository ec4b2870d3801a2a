/**
 * Stands between the socket and @stoqey/ib 1.6.10, which trusts what it is sent: a length of 2^31 makes it turn in a circle for ever,
 * a message of a million fields holds the process up for minutes, and a field that cannot be decoded ends it.
 *
 * States: sound -> broken. While sound, every byte goes on unchanged. The first frame that cannot be one of TWS breaks it: what came
 * before is handed on, nothing behind it is, and `onBroken` gets the reason. A message that the library fails on is left out alone.
 */

import type { IBApi } from '@stoqey/ib'

/**
 * The longest answers that we ask for (a thousand historical ticks, a chain's strikes) take less than half of this, and any text in
 * so short a message fits into a record of a tape.
 */
const MAX_FRAME_BYTES = 1 << 17
/** The library's time for a message grows with the square of its fields; this many take a fifth of a second. */
const MAX_FIELDS = 50_000
const LENGTH_BYTES = 4

export interface FrameGuardOptions {
  /** These bytes are no messages of TWS: the connection is of no use any more. Called once. */
  onBroken: (reason: string) => void
  /** The library failed on one message. */
  onUnreadable: (error: unknown) => void
}

/** What is used of the library's inside; a test feeds it what it cannot stand, and so fails when a new version moves this. */
interface Inside {
  controller: { socket: { onData: (data: Buffer) => void }; decoder: { dataQueue: unknown[] } }
}

/** To be called before `api.connect()`. */
export function guardFrames(api: IBApi, { onBroken, onUnreadable }: FrameGuardOptions): void {
  const { socket, decoder } = (api as unknown as Inside).controller
  const pass = socket.onData.bind(socket)
  const inspect = frameInspector()
  let broken = false
  socket.onData = (data) => {
    if (broken) return
    const { soundBytes, fault } = inspect(data)
    for (let rest = data.subarray(0, soundBytes); ; rest = data.subarray(0, 0)) {
      try {
        pass(rest)
        break
      } catch (error) {
        // What is left of the message would be taken for the next one's beginning.
        decoder.dataQueue = []
        onUnreadable(error)
      }
    }
    if (fault === undefined) return
    broken = true
    onBroken(`${fault}. Check that TWS or IB Gateway listens there`)
  }
}

/** Follows the frames through the reads of a socket. `soundBytes` of a read may be handed on; a fault is of what lies behind them. */
function frameInspector(): (data: Buffer) => { soundBytes: number; fault?: string } {
  let length = 0
  let lengthBytes = 0
  /** Bytes of the current frame that are still to come. */
  let ahead = 0
  let fields = 0
  return (data) => {
    let at = 0
    while (at < data.length) {
      if (ahead === 0) {
        length = (lengthBytes === 0 ? 0 : length * 256) + (data[at++] as number)
        lengthBytes = (lengthBytes + 1) % LENGTH_BYTES
        if (lengthBytes > 0) continue
        if (length > MAX_FRAME_BYTES)
          return { soundBytes: Math.max(0, at - LENGTH_BYTES), fault: `it announced a message of ${length} bytes, longer than any of TWS` }
        ahead = length
        fields = 0
        continue
      }
      const end = Math.min(at + ahead, data.length)
      if (length > MAX_FIELDS) for (let i = at; i < end; i++) if (data[i] === 0) fields++
      if (fields > MAX_FIELDS) return { soundBytes: at, fault: `it sent a message of more than ${MAX_FIELDS} fields` }
      ahead -= end - at
      // The library would put what follows the last NUL in front of the next message.
      if (ahead === 0 && data[end - 1] !== 0) return { soundBytes: at, fault: 'it sent a message whose last field has no end' }
      at = end
    }
    return { soundBytes: at }
  }
}
