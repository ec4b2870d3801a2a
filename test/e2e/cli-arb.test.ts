/** `tapedeck arb scan` and `explain` as a user runs them: on a recorded session, on a tape, and with arguments that make no sense. */

import { join } from 'node:path'

import { beforeAll, beforeEach, expect, it } from 'vitest'

import { writeTape } from '../../db/tape/writer.ts'
import { sessionWithOpportunities } from '../support/arbitrage/session.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { expectComplaint, expectDone, linesOf, type Place, placeForTest } from '../support/process/command.ts'
import { recordThroughJournal } from '../support/tape/through-journal.ts'

const SESSION = 7_239_411_712_147_456
const records = sessionWithOpportunities()
/** The first conversion. */
const ID = `${SESSION}-${records.filter(({ kind }) => kind === 'quote')[14]?.seq}-1`

interface Scanned {
  opportunities: { id: string; detector: string; best: { profit: number; legs: { contract: string }[] } }[]
  stored: object[]
  funnel: { quotes: number; refused: object }
}

forEachEdition('tapedeck arb', ({ createTapeDatabase }) => {
  let url: string
  let place: Place
  beforeAll(async () => {
    url = await createTapeDatabase()
  })
  beforeEach(async () => {
    place = await placeForTest()
  })

  const arb = (...args: string[]) => place.tapedeck(['arb', ...args], { DATABASE_URL: url }).ended
  const scanned = async (...args: string[]) => JSON.parse(expectDone(await arb('scan', '--json', ...args))) as Scanned
  const fits = (text: string) => expect(linesOf(text).filter((line) => line.length > 80)).toEqual([])

  it('finds opportunities in a recorded session, stores and explains them', async () => {
    await recordThroughJournal({ url, dataDir: place.dataDir, sessionId: SESSION, records })
    const text = expectDone(await arb('scan'))
    fits(text)
    expect(text).toMatch(/^Quotes looked at +22$/m)
    expect(text).toMatch(/^2014-06-05T\S+ +2\.0 s +\S+ +0\.\d{4} +10 +\d+\.\d %$/m)
    expect(text).toContain(
      `    ${ID}  conversion, guaranteed, until edge-gone\n    buy TWX at 70.01, buy TWX 140719P70 at 2.1, sell TWX 140719C70 at 2.65\n`,
    )

    const found = await scanned('--from', '2014-06-05', '--to', '2014-06-06', '--symbols', 'TWX,IBM')
    expect(found).toMatchObject({ funnel: { quotes: 22 }, stored: [] })
    const conversion = found.opportunities.find(({ id }) => id === ID)
    expect(conversion?.best.legs.map(({ contract }) => contract)).toEqual([
      'stock:TWX:USD',
      'option:TWX:USD:TWX:2014-07-19:P:70:100',
      'option:TWX:USD:TWX:2014-07-19:C:70:100',
    ])

    expectComplaint(await arb('explain', ID), {
      code: 1,
      saying: new RegExp(`no opportunity ${ID}\\. .*arb scan --session ${SESSION} --write`),
    })
    const count = found.opportunities.length
    expect(expectDone(await arb('scan', '--write'))).toMatch(new RegExp(`^Stored: ${count} opportunities\\.$`, 'm'))
    expect(expectDone(await arb('scan', '--write'))).toMatch(new RegExp(`^Stored: ${count} opportunities, in place of ${count}\\.$`, 'm'))

    const explained = expectDone(await arb('explain', ID))
    fits(explained)
    expect(explained).toMatch(/^Certainty +guaranteed$/m)
    expect(explained).toMatch(/^sell +1 +TWX 140719C70 +2\.65 +20 +0\.0 s +6\.50$/m)
    expect(explained).toMatch(/^rate +1\.0 % +from settings$/m)
    expect(explained).toMatch(/^\d+\.\d\d \|\*{66}$/m)
    expect(explained).toMatch(/^days +44 +0 to \d+$/m)
    const { settings, ...plain } = JSON.parse(expectDone(await arb('explain', ID, '--json'))) as object & { settings: object }
    expect(plain).toEqual(conversion)
    expect(settings).toMatchObject({ preset: 'balanced' })
  })

  it('finds the same on a tape, and explains it from there', async () => {
    const tape = join(place.folder, 'day.tape')
    await writeTape(tape, { source: 'collector', sessionId: SESSION }, [records])
    const { opportunities } = await scanned('--tape', tape)
    expect(opportunities.map(({ id }) => id)).toContain(ID)
    fits(expectDone(await arb('explain', ID, '--tape', tape)))
    expectComplaint(await arb('explain', '0-1-1', '--tape', tape), {
      code: 1,
      saying: /day\.tape has no opportunity 0-1-1 with these settings/,
    })
  })

  it('says what is wrong with an argument', async () => {
    expectComplaint(await arb('scan', '--tape', 'x.tape', '--write'), { code: 2, saying: /--write: expected a session .* found --tape/ })
    expectComplaint(await arb('scan', '--tape', 'x.tape', '--session', '7'), {
      code: 2,
      saying: /option '--tape <file>' cannot be used with option '--session <id>'/,
    })
    expectComplaint(await arb('scan', '--from', '2014-06-06', '--to', '2014-06-05'), {
      code: 2,
      saying: /--to: expected a time after --from/,
    })
    expectComplaint(await arb('scan', '--tape', 'nowhere.tape'), { code: 1, saying: /nowhere\.tape does not exist/ })
    expectComplaint(await arb('explain', 'yesterday'), {
      code: 1,
      saying: /no opportunity yesterday\. Take an id that `tapedeck arb scan` lists/,
    })
    expectComplaint(await arb('explain'), { code: 2, saying: /missing required argument 'id'/ })
  })
})
