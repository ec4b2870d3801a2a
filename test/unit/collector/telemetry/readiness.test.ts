import { describe, expect, it } from 'vitest'
import { notReadyReasons, type ReadinessFacts } from '../../../../collector/telemetry/readiness.ts'

const READY: ReadinessFacts = {
  connection: { state: 'ready', reasons: [] },
  isWithoutData: false,
  ibIsAway: false,
  recording: true,
  lines: { wanted: 20, open: 20 },
  silentMs: undefined,
  openGaps: [],
  journalTrouble: undefined,
  database: { failing: 0, waitedMs: 0, oldestMs: 0, hasCommitted: true, maxLagMs: 60_000 },
}
const AWAY: ReadinessFacts['connection'] = { state: 'waiting', reasons: ['refused'] }
const database = (changed: Partial<ReadinessFacts['database']>) => ({ database: { ...READY.database, ...changed } })

describe('a collector is ready', () => {
  it('when data of the wanted lines flows and reaches the database', () => {
    expect(notReadyReasons(READY)).toEqual([])
  })

  it.each<[string, Partial<ReadinessFacts>, RegExp]>([
    ['while the gateway is away', { connection: AWAY }, /^not connected to the gateway \(waiting\)$/],
    [
      'while the gateway is away, which says why no data comes',
      { connection: AWAY, silentMs: 25_400 },
      /^not connected to the gateway \(waiting\)$/,
    ],
    [
      'while another session has the data',
      { connection: { state: 'paused', reasons: ['No market data during competing live session'] } },
      /^another session of the user has the market data: No market data/,
    ],
    ['after a login without data', { isWithoutData: true }, /^logged in, and no data on any line/],
    ['before the time is known', { recording: false }, /^not recording: the time is not known yet$/],
    ['while the gateway has lost IB', { ibIsAway: true }, /lost its connection to IB/],
    ['while no wanted line is open', { lines: { wanted: 20, open: 0 } }, /none of the 20 wanted lines is open/],
    ['before the contracts are known', { lines: { wanted: 0, open: 0 } }, /contracts to record are not known yet/],
    ['when all lines are dead on a link that lives', { silentMs: 25_400 }, /no market data on any line for 25 s/],
    [
      'while a gap is open',
      { openGaps: [{ fromTsUs: 1401975060_000_000, cause: 'ib-1100' }] },
      /since 2014-06-05T13:31:00.000000Z: ib-1100/,
    ],
    ['with a journal in trouble', { journalTrouble: 'the journal is full' }, /^the journal is full$/],
    ['with a database that refuses', database({ failing: 1 }), /the database does not take ticks/],
    ['with a database that says nothing', database({ waitedMs: 10_001 }), /the database does not take ticks/],
    ['before the first commit', database({ hasCommitted: false }), /nothing was written to the database yet/],
    ['with a slow database that is too far behind', database({ oldestMs: 61_000 }), /the database is 61 s behind, more than the 60 s/],
  ])('but not %s', (_title, changed, reason) => {
    expect(notReadyReasons({ ...READY, ...changed })).toEqual([expect.stringMatching(reason)])
  })

  it('with a database that is behind by no more than is allowed', () => {
    expect(notReadyReasons({ ...READY, ...database({ waitedMs: 9999, oldestMs: 60_000 }) })).toEqual([])
  })
})
