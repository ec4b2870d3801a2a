/** The end of a recording that the database does not let go: what it says, and what a second signal does. */

import { expect, it } from 'vitest'

import { SAME_PRESS_MS } from '../../cli/signals.ts'
import { askStatus } from '../../collector/telemetry/ask.ts'
import { linesOf, placeForTest } from '../support/process/command.ts'
import { MS_US, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'

/** A database that does not answer. */
const NOWHERE = 'postgres://nobody@127.0.0.1:1/none'

it('says what it waits for, and leaves that in the journal at a second signal', { timeout: 120_000 }, async ({ onTestFinished }) => {
  const place = await placeForTest()
  const room = await tapeRoom()
  onTestFinished(() => room.clear())
  const tape = await room.write(tapeOf(busyQuotes(200_000, 10 * MS_US)))
  const gateway = place.tapedeck(['gateway', '--tape', tape, '--port', '0', '--speed', '10', '--publish-time', '--json'])
  await gateway.until('it listens', ({ stdout }) => stdout.includes('listening'))
  const { port } = JSON.parse(gateway.stdout) as { port: number }
  const args = ['--gateway', String(port), '--clock', 'gateway', '--metrics-port', '0', '--underlying', 'TWX', '--strikes', 'all', '--json']
  const collector = place.tapedeck(['collect', ...args], { DATABASE_URL: NOWHERE })
  await collector.until('ticks are in the journal', async () => {
    const status = await askStatus({ dataDir: place.dataDir }).catch(() => undefined)
    return (status?.ticks.inFlight ?? 0) > 100
  })

  collector.child.kill('SIGTERM')
  await collector.until('it has taken the signal', ({ stderr }) => stderr.includes('"stopping"'))
  const takenMs = performance.now()
  await collector.until('it says what it waits for', ({ stderr }) => /waiting for the database to take the last \d+ ticks/.test(stderr))
  await collector.until('another signal would count as one', () => performance.now() - takenMs > SAME_PRESS_MS)
  collector.child.kill('SIGTERM')
  const { code, stdout, stderr } = await collector.ended
  expect(code).toBe(0)
  // It said so every five seconds; without the second signal it would have done so for thirty.
  expect(stderr.match(/waiting for the database/g)?.length).toBeLessThan(4)
  expect(stderr).toContain('the next start writes the rest from the journal')
  const summary = JSON.parse(linesOf(stdout).at(-1) ?? '') as { event: string; cause: string; inFlight: number; dropped: number }
  expect(summary).toMatchObject({ event: 'summary', cause: 'SIGTERM', dropped: 0 })
  expect(summary.inFlight).toBeGreaterThan(100)
})
