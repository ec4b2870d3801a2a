/** The examples of docs/fault-scripts.md are played as they stand: all that they say comes to pass. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { parseFaultScript } from '../../backtester/gateway/faults/script.ts'
import { packageRoot } from '../../system/package-root.ts'
import {
  JUNE_70_CALL,
  marketDataRequest,
  quoteAt,
  SECOND_US,
  type TapeRoom,
  TWX,
  tapeOf,
  tapeRoom,
} from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'
import { PATIENTLY } from '../support/waiting.ts'

let room: TapeRoom

beforeAll(async () => {
  room = await tapeRoom()
})
afterAll(() => room.clear())

const EXAMPLES = [...readFileSync(join(packageRoot(), 'docs', 'fault-scripts.md'), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)]

describe('a script of the documentation', () => {
  it.each(EXAMPLES.map(([, text = ''], i) => ({ number: i + 1, text })))('comes whole: example $number', async ({ text }) => {
    const script = parseFaultScript(text, 'example.yaml')
    // Seconds of the wall are shortened: what they are about is tested elsewhere, here it is that all of it comes.
    const faults = script.faults.map((fault) => {
      const { trigger, seconds } = fault
      const connected = trigger.afterConnect && { afterConnect: { ...trigger.afterConnect, seconds: 0 } }
      return { ...fault, trigger: { ...trigger, ...connected }, ...(seconds !== undefined && { seconds: 0.01 }) }
    })
    // Four hours, from the opening to behind the last example.
    const ticks = Array.from({ length: 240 }, (_, i) => quoteAt(i * 60 * SECOND_US, i % 2, [70 + i, 1], [71 + i, 1]))
    const { gateway, port, logged } = await room.serve(tapeOf(ticks), { startAfterLines: 5, faults: { ...script, faults } })
    const said = (what: string) => logged.filter((line) => line.includes(what))
    const isGreeted = faults.every(({ kind, trigger }) => kind.name !== 'handshake' || Object.keys(trigger).length > 0)
    if (isGreeted) {
      const client = await RawTwsClient.connect({ port, clientId: 1 })
      client.send(...marketDataRequest(1, TWX))
      for (const reqId of [2, 3, 4, 5]) client.send(...marketDataRequest(reqId, JUNE_70_CALL))
    } else await (await RawTwsClient.connect({ port })).closed
    await vi.waitFor(() => expect(said('A fault begins')).toHaveLength(faults.length), PATIENTLY)
    await gateway.stop()
    expect(said('never came')).toEqual([])
    expect(said('error:')).toEqual([])
  })
})
