/** `tapedeck bars` from the command line, as a user types it: with right files, with wrong ones, and with a format of the configuration. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { forEachEdition } from '../support/database/databases.ts'
import { expectComplaint, expectDone, linesOf, placeForTest } from '../support/process/command.ts'

const SLOW_MS = 120_000

forEachEdition('tapedeck bars', ({ createDatabase }) => {
  it(
    'import takes files into a new database, reports it in 80 columns and as JSON, and changes nothing when it is tried',
    async () => {
      const place = await placeForTest()
      const env = { DATABASE_URL: await createDatabase() }
      const run = (...args: string[]) => place.tapedeck(['bars', 'import', ...args], env).ended
      await writeFile(
        join(place.folder, 'bars.csv'),
        'Ticker,Day,Open,High,Low,Last,Vol\nTWX,06/05/2014,69.9,70.5,69.5,70.1,100\nTWX,06/06/2014,70.1,71,70,x,200\n',
      )
      await writeFile(
        join(place.folder, 'tapedeck.yaml'),
        'bars:\n  formats:\n    - name: vendor\n      dateFormat: MM/DD/YYYY\n      columns: { close: Last }\n',
      )
      const tried = await run('bars.csv', '--format', 'vendor', '--dry-run', '--json')
      expect(JSON.parse(tried.stdout)).toMatchObject({ source: 'vendor', dryRun: true, bars: { new: 1 }, refused: { rows: 1 } })
      const { code, stdout } = await run('bars.csv', '--format', 'vendor')
      expect(code).toBe(1)
      expect(stdout).toMatch(/^bars +1 +0 +0 +0$/m)
      expect(stdout).toMatch(/^Refused rows: 1\n1 x expected a price as close\n {2}bars\.csv:3: found "x"$/m)
      expect(linesOf(stdout).filter((line) => line.length > 80)).toEqual([])
      const again = await run('bars.csv', '--date-format', 'MM/DD/YYYY', '--columns', 'close=Last', '--source', 'vendor')
      expect(again.stdout).toMatch(/^bars +0 +0 +1 +0$/m)

      const check = (...args: string[]) => place.tapedeck(['bars', 'check', ...args], env).ended
      await writeFile(join(place.folder, 'bad.csv'), 'symbol,date,open,high,low,close\nTWX,2014-06-09,70,69,68,69\n')
      expect((await run('bad.csv', '--source', 'vendor')).code).toBe(0)
      const found = expectDone(await check())
      expect(found).toMatch(/^XNYS: 2 bars of 1d, 1 instruments, 2 days, 2014-06-05 to 2014-06-09$/m)
      expect(found).toMatch(/^ohlc-order +error +1 +1$/m)
      expect(found).toMatch(/^ {2}TWX 2014-06-09: the high 69 is below 70$/m)
      expect(JSON.parse(expectDone(await check('--rule', 'ohlc-order', '--json')))).toMatchObject([
        { calendar: 'XNYS', findings: [{ rule: 'ohlc-order', symbol: 'TWX', from: '2014-06-09' }] },
      ])
      expect(expectDone(await check('--calendar', 'XBOM'))).toBe('There are no such bars. `tapedeck bars import` brings some.\n')
      expectComplaint(await check('--rule', 'luck'), { code: 2, saying: /--rule: expected one of copied-day, .*, found luck/ })

      expectComplaint(await run('bars.csv', '--format', 'seller'), { code: 2, saying: /--format: expected vendor, found seller/ })
      expectComplaint(await run('bars.csv', '--date-format', 'someday'), { code: 2, saying: /expected a format of dates such as/ })
      for (const [args, saying] of [
        [['bars.csv', '--length', '2d'], /expected a length such as 1d/],
        [['bars.csv', '--columns', 'price=Last'], /expected name=column pairs such as date=Day,close=Last/],
        [['bars.csv', '--calendar', 'MOON'], /Allowed choices are XNYS, XBOM/],
        [['bars.csv', '--currency', 'dollars'], /expected a currency such as USD/],
      ] as const)
        expectComplaint(await run(...args), { code: 2, saying })
      expectComplaint(await run('nowhere.csv'), { code: 1, saying: /nowhere\.csv cannot be read \(ENOENT\)\. Check the path\./ })
      expectComplaint(await run('tapedeck.yaml'), { code: 1, saying: /tapedeck\.yaml:1: expected a column for the date, found "bars:"/ })
    },
    SLOW_MS,
  )
})
