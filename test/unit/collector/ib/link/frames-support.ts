/** Frames on their way through a socket, the real client, the intake and the assembler. */

import { expect, vi } from 'vitest'
import { Intake } from '../../../../../collector/ib/ticks/intake.ts'
import type { ControlMessage } from '../../../../../collector/ib/messages.ts'
import { frame } from '../../../../support/gateway/scripted-tws.ts'
import { recordingAssembler } from '../ticks/line-messages.ts'
import { connectedLink } from '../tws-support.ts'
import { PATIENTLY } from '../../../../support/waiting.ts'

/** What is recorded of line 7 (instrument 70) and line 8 (instrument 80) when these messages come, written at once. */
export async function record(...frames: (string | number)[][]) {
  const { assembler, ticks, marks, aliveLines, unknownLines, unknownTypes } = recordingAssembler()
  assembler.openLine(7, 70)
  assembler.openLine(8, 80)
  const controls: ControlMessage[] = []
  let messages = 0
  const intake = new Intake({ assembler, onControl: (message) => controls.push(message), onMessage: (more) => (messages += more) })
  const { tws, link } = await connectedLink({ onMessages: (more) => intake.take(more) })
  tws.socket.write(Buffer.concat([...frames, [49, 1, 1401975060]].map((fields) => frame(...fields))))
  await vi.waitFor(() => expect(controls.at(-1)?.type).toBe('current-time'), PATIENTLY)
  link.close()
  return { ticks, marks, aliveLines, unknownLines, unknownTypes, controls: controls.slice(0, -1), messages: messages - 1 }
}
