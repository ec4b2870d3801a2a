/** `tapedeck verify` as a user runs it: on a recording that is whole, on one that is not, and with arguments that make no sense. */

import { beforeEach, expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { expectComplaint, type Place, placeForTest } from '../support/process/command.ts'
import { recordThroughJournal, wholeSession } from '../support/tape/through-journal.ts'
import { FIRST_TS_US } from '../support/tape/ticks.ts'

const SESSION = 4711

forEachEdition('tapedeck verify', ({ createTapeDatabase }) => {
  let place: Place
  let url: string
  beforeEach(async () => {
    place = await placeForTest()
    url = await createTapeDatabase()
    await recordThroughJournal({ url, dataDir: place.dataDir, sessionId: SESSION, records: wholeSession(FIRST_TS_US) })
  })

  const verify = (...args: string[]) => place.tapedeck(['verify', ...args], { DATABASE_URL: url }).ended
  const change = async (sql: string) => {
    const client = await connectClient(url)
    await client.query(sql)
    await client.end()
  }

  it('passes a whole recording and prints its hash, which it takes again', async () => {
    const { code, stdout } = await verify()
    expect(stdout).toMatch(
      /^session 4711: 19 batches, (\d+) records, 348 ticks, \1 compared with the journal: whole\n {2}hash 19-[0-9a-f]{64}\n$/,
    )
    expect(code).toBe(0)
    const hash = /hash (\S+)/.exec(stdout)?.[1] ?? ''
    expect(await verify('--session', String(SESSION), '--hash', hash)).toMatchObject({ code: 0 })
    expect(
      await verify(
        '--hash',
        hash.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
      ),
    ).toMatchObject({ code: 1 })
  })

  it('names each thing that does not add up, and fails', async () => {
    await change('DELETE FROM quotes WHERE seq = 205; UPDATE quotes SET bid_price = 9 WHERE seq = 250')
    const { code, stdout } = await verify('--all')
    expect(code).toBe(1)
    expect(stdout).toContain('2 problems')
    expect(stdout).toMatch(/^ {2}rows-missing: Record seq 205 of batch 11, after 2014-\S+: expected in the database, found in no table/m)
    expect(stdout).toMatch(/^ {2}value-altered: quotes\.bid_price of seq 250: expected \S+ as in the journal, found 9\.$/m)
    const asJson = await verify('--json')
    expect(asJson.code).toBe(1)
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      ok: false,
      sessions: [
        {
          sessionId: SESSION,
          problemCount: 2,
          problems: [
            { kind: 'rows-missing', batchNo: 11, seq: 205, toSeq: 205 },
            { kind: 'value-altered', batchNo: 13, seq: 250, table: 'quotes', column: 'bid_price', found: '9' },
          ],
        },
      ],
    })
  })

  it('names sessions that only the journal knows, and compares them when they are asked for', async () => {
    const tables = ['batches', 'quotes', 'trades', 'option_greeks', 'statistics', 'rejected_ticks', 'control_records', 'gaps', 'sessions']
    await change(tables.map((table) => `DELETE FROM ${table}`).join(';'))
    const { code, stdout } = await verify('--all')
    expect(stdout).toContain('The journal has sessions that this database knows nothing of: 4711.')
    expect(code).toBe(0)
    const asked = await verify('--session', String(SESSION))
    expect(asked.code).toBe(1)
    expect(asked.stdout).toMatch(
      /^ {2}batch-lost: Batch 1 \(seq 1 to 20\) is in \S+, which was put away as written, and is not in the database\.$/m,
    )
  })

  it('proves the sessions of a time, of which there may be none', async () => {
    expect((await verify('--from', '2014-06-05', '--to', '2014-06-06')).stdout).toContain('session 4711: ')
    expect(await verify('--from', '2020-01-01')).toMatchObject({ code: 0, stdout: '0 sessions: all whole\n' })
  })

  it('says what is wrong with an argument', async () => {
    expectComplaint(await verify('--session', '12'), { code: 1, saying: /holds no session 12\. `tapedeck verify --all` lists/ })
    expectComplaint(await verify('--hash', 'abc'), { code: 2, saying: /expected a hash as verify prints it/ })
    expectComplaint(await verify('--all', '--hash', `1-${'0'.repeat(64)}`), { code: 2, saying: /--hash: expected it with --session/ })
  })
})
