/** What becomes of a recording whose output is not read: its readers go away, or live and read nothing. The recording goes on. */

import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'

import { expect, it, onTestFinished } from 'vitest'

import { askStatus } from '../../collector/telemetry/ask.ts'
import type { Status } from '../../collector/telemetry/status.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { MS_US, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { linesOf, type Place, placeForTest, type Run } from '../support/process/command.ts'
import { COMMAND } from '../support/process/recording.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'

const SLOW_MS = 120_000
/** More than a pipe and the buffers behind it hold. */
const MORE_THAN_A_PIPE = 400_000

/** The arguments of a collector, beside a gateway that plays for longer than the test runs. */
async function collecting(place: Place, ...more: string[]): Promise<string[]> {
  const room = await tapeRoom()
  onTestFinished(() => room.clear())
  const tape = await room.write(tapeOf(busyQuotes(200_000, 10 * MS_US)))
  const gateway = place.tapedeck(['gateway', '--tape', tape, '--port', '0', '--speed', '10', '--publish-time', '--json'])
  await gateway.until('it listens', ({ stdout }) => stdout.includes('listening'))
  const { port } = JSON.parse(gateway.stdout) as { port: number }
  const universe = ['--underlying', 'TWX', '--strikes', 'all', '--expiry-days', '365']
  return [...COMMAND, 'collect', '--gateway', String(port), '--clock', 'gateway', '--metrics-port', '0', ...universe, ...more]
}

const statusOf = (place: Place): Promise<Status | undefined> => askStatus({ dataDir: place.dataDir }).catch(() => undefined)

/** Waits until the collector has written ticks that came after now. */
async function goesOn(place: Place, collector: Run): Promise<void> {
  let before: number | undefined
  await collector.until('it records on', async () => {
    const written = (await statusOf(place))?.ticks.written
    before ??= written
    return written !== undefined && before !== undefined && written > before + 100
  })
}

const logOf = (stderr: string) => linesOf(stderr).map((line) => JSON.parse(line) as { level: number; msg: string })

forEachEdition('a recording', (edition) => {
  it(
    'goes on without a word more to a program that has read enough, and warns of it once',
    async () => {
      const place = await placeForTest()
      const collector = place.start(await collecting(place, '--json'), { env: { DATABASE_URL: await edition.createDatabase() } })
      await collector.until('it has reported', ({ stdout }) => stdout.includes('\n'))
      collector.child.stdout?.destroy()
      await collector.until('it has noticed', ({ stderr }) => stderr.includes('standard output is not written any more'))
      await goesOn(place, collector)
      collector.child.kill('SIGTERM')
      const { code, stderr } = await collector.ended
      expect(code).toBe(0)
      expect(logOf(stderr).filter(({ level }) => level >= 40)).toEqual([
        expect.objectContaining({ level: 40, msg: expect.stringContaining('The recording is not affected') }),
      ])
    },
    SLOW_MS,
  )

  it(
    'goes on when the reader of its log goes away',
    async () => {
      const place = await placeForTest()
      const collector = place.start(await collecting(place, '--json', '--log-level', 'debug'), {
        env: { DATABASE_URL: await edition.createDatabase() },
      })
      await collector.until('it has logged', ({ stderr }) => stderr.includes('\n'))
      collector.child.stderr?.destroy()
      await goesOn(place, collector)
      collector.child.kill('SIGTERM')
      const { code, stdout } = await collector.ended
      expect(code).toBe(0)
      expect(JSON.parse(linesOf(stdout).at(-1) ?? '')).toMatchObject({ event: 'summary', cause: 'SIGTERM', dropped: 0 })
    },
    SLOW_MS,
  )

  it(
    'goes on beside a reader that lives and reads nothing, and ends in order without it',
    async () => {
      const place = await placeForTest()
      const stalled = spawn('sleep', ['1000'], { stdio: ['pipe', 'ignore', 'ignore'] })
      onTestFinished(() => void stalled.kill())
      const pipe = stalled.stdin ?? expect.unreachable()
      // Fills the pipe, so that the collector finds it full from its first report on.
      pipe.on('error', () => undefined)
      pipe.write('x'.repeat(MORE_THAN_A_PIPE))
      const collector = place.start(await collecting(place, '--json'), {
        env: { DATABASE_URL: await edition.createDatabase() },
        stdio: ['ignore', pipe, 'pipe'],
      })
      await goesOn(place, collector)
      collector.child.kill('SIGTERM')
      const { code, stderr } = await collector.ended
      expect(code).toBe(0)
      expect(logOf(stderr).filter(({ level }) => level >= 40)).toEqual([])
    },
    SLOW_MS,
  )

  it(
    'goes on when its output is a file on a full disk',
    async () => {
      const place = await placeForTest()
      const full = await open('/dev/full', 'w')
      onTestFinished(() => full.close())
      const collector = place.start(await collecting(place, '--json'), {
        env: { DATABASE_URL: await edition.createDatabase() },
        stdio: ['ignore', full.fd, 'pipe'],
      })
      await collector.until('it has noticed', ({ stderr }) => stderr.includes('standard output is not written any more'))
      await goesOn(place, collector)
      collector.child.kill('SIGTERM')
      expect((await collector.ended).code).toBe(0)
    },
    SLOW_MS,
  )

  it(
    'goes on in a terminal that is stopped',
    async ({ skip }) => {
      const place = await placeForTest()
      const python = await place.start(['python3', '--version']).ended.catch(() => undefined)
      if (python?.code !== 0) return skip('there is no python3 on this machine to open a terminal with')
      // Opens a terminal, fills it, runs the rest in it, reads nothing of what it shows, and passes on the signal and the exit code.
      const program = [
        'import os, pty, select, signal, subprocess, sys',
        'outer, inner = pty.openpty()',
        'os.set_blocking(inner, False)',
        // The kernel passes on what it took; it is full when it stays so.
        'while select.select([], [inner], [], 0.5)[1]:',
        '  try: os.write(inner, b"x" * 256)',
        '  except BlockingIOError: pass',
        'os.set_blocking(inner, True)',
        'child = subprocess.Popen(sys.argv[1:], stdin=inner, stdout=inner, stderr=inner)',
        'os.close(inner)',
        'signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))',
        'sys.exit(child.wait())',
      ].join('\n')
      const command = await collecting(place, '--log-level', 'debug')
      const terminal = place.start(['python3', '-c', program, ...command], { env: { DATABASE_URL: await edition.createDatabase() } })
      await goesOn(place, terminal)
      terminal.child.kill('SIGTERM')
      expect(await terminal.ended).toMatchObject({ code: 0 })
    },
    SLOW_MS,
  )

  it(
    'without a terminal says in its log how far the lines are',
    async () => {
      const place = await placeForTest()
      const collector = place.start(await collecting(place), { env: { DATABASE_URL: await edition.createDatabase() } })
      await collector.until('all lines are open', ({ stderr }) => stderr.includes('all 4 market-data lines are open'))
      collector.child.kill('SIGTERM')
      expect((await collector.ended).code).toBe(0)
    },
    SLOW_MS,
  )
})
