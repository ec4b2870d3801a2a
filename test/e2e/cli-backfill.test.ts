/** `tapedeck backfill` where it cannot do what it is asked for: what it expected, what it found, and no request that is spent. */

import { join } from 'node:path'

import { expect, it, onTestFinished } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { expectComplaint, placeForTest } from '../support/process/command.ts'
import { startGatewayProcess } from '../support/process/recording.ts'

const SLOW_MS = 120_000
const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const WEEK = ['--from', '2014-06-02', '--to', '2014-06-07']
/** Nobody listens there. */
const NOWHERE = ['--gateway', '127.0.0.1:1']

forEachEdition('tapedeck backfill', ({ createTapeDatabase }) => {
  it(
    'refuses ranges, contracts and symbols of which there is nothing, and says what to ask for',
    async () => {
      const place = await placeForTest()
      const env = { DATABASE_URL: await createTapeDatabase() }
      const run = (...args: string[]) => place.tapedeck(['backfill', ...args], env).ended

      const refusals: [string[], RegExp][] = [
        [['--symbols', 'TWX', '--from', '2090-01-02', '--to', '2090-01-09'], /expected days of the past, and today is \d{4}-/],
        [['--symbols', 'TWX   14X621C00070000', ...WEEK], /--symbols: OCC option symbol: expected 21 characters/],
        [['--gaps', '--from', '2090-01-02'], /--from: expected a day of the past, found 2090-01-02/],
      ]
      for (const [args, saying] of refusals) expectComplaint(await run(...args, ...NOWHERE), { code: 2, saying })

      // Without a gateway: nothing is asked for.
      const expired = await run('--symbols', 'TWX   140621C00070000', ...WEEK, ...NOWHERE)
      expect(expired).toMatchObject({ code: 1, stderr: '' })
      expect(expired.stdout).toMatch(/^Refused:\n {2}TWX 2014-06-21 70 C: it has expired, and IB has no history of expired options$/m)

      const gateway = startGatewayProcess(SHIPPED, 0)
      onTestFinished(() => gateway.kill('SIGKILL'))
      const { port } = await gateway.event<{ port: number }>('listening')
      const unknown = await run('--symbols', 'NOSUCH', ...WEEK, '--gateway', `127.0.0.1:${port}`)
      expect(unknown.code).toBe(1)
      expect(unknown.stdout).toMatch(/^ {2}NOSUCH: IB knows no such stock$/m)
    },
    SLOW_MS,
  )
})
