import { describe, expect, it } from 'vitest'
import { Connection } from '../../../../../collector/ib/link/connection.ts'
import { noteConnection, noteData } from '../../../../../collector/ib/link/gateway-notices.ts'
import type { GatewayMessage } from '../../../../../collector/ib/messages.ts'

/** A connection that is ready and hears these notices: its state, and what keeps data away. */
function after(...notices: [number, string][]) {
  const connection = new Connection()
  connection.opened()
  connection.greeted()
  for (const [code, text] of notices) noteConnection(connection, code, text)
  return { connection, said: [connection.state, ...connection.status.reasons] }
}

const LOST: [number, string] = [1100, 'Connectivity between IB and Trader Workstation has been lost.']
const RESTORED = 'Connectivity between IB and Trader Workstation has been restored - data maintained.'
const TICK: GatewayMessage = { type: 'size', reqId: 1, tickType: 8, size: 1, arrivalMs: 0 }

describe('what IB says of itself', () => {
  it.each<[string, [number, string][], string[]]>([
    ['IB lost', [LOST], ['degraded', 'the gateway has lost its connection to IB (1100)']],
    ['IB lost and found', [LOST, [1102, RESTORED]], ['ready']],
    ['IB found without its data', [LOST, [1101, 'Connectivity has been restored - data lost.']], ['ready']],
    [
      'a farm broken',
      [[2103, 'Market data farm connection is broken:usfarm.nj']],
      ['degraded', "IB's farm usfarm.nj is not connected (2103)"],
    ],
    [
      'a farm broken and back',
      [
        [2103, 'Market data farm connection is broken:usopt'],
        [2104, 'Market data farm connection is OK:usopt'],
      ],
      ['ready'],
    ],
    [
      'a farm broken and another one back',
      [
        [2103, 'Market data farm connection is broken:usopt'],
        [2104, 'Market data farm connection is OK:usfarm'],
      ],
      ['degraded', "IB's farm usopt is not connected (2103)"],
    ],
    [
      'a farm broken, and then dormant until something is asked of it',
      [
        [2103, 'Market data farm connection is broken:usfuture'],
        [2108, 'Market data farm connection is inactive but should be available upon demand.usfuture'],
      ],
      ['ready'],
    ],
    [
      'the history farm, on which ticks tick by tick come',
      [[2105, 'HMDS data farm connection is broken:ushmds']],
      ['degraded', "IB's farm ushmds is not connected (2105)"],
    ],
    [
      'the farm of definitions broken and back',
      [
        [2157, 'Sec-def data farm connection is broken:secdefnj'],
        [2158, 'Sec-def data farm connection is OK:secdefnj'],
      ],
      ['ready'],
    ],
    ['something else', [[2100, 'New account data requested from TWS.']], ['ready']],
  ])('%s', (_, notices, said) => {
    expect(after(...notices).said).toEqual(said)
  })

  it('that it is back, but not all of its farms: the text of 1102 lists them', () => {
    const some = `${RESTORED} The following farms are connected: usfarm.nj; cashfarm; secdefil. The following farms are not connected: usfuture; usopt.`
    expect(after(LOST, [1102, some]).said).toEqual([
      'degraded',
      "IB's farm usfuture is not connected (1102)",
      "IB's farm usopt is not connected (1102)",
    ])
    const all = `${RESTORED} All data farms are connected: usfarm.nj; usopt; usfuture; secdefil.`
    expect(after(LOST, [1102, some], [1102, all]).said).toEqual(['ready'])
  })

  it.each<[string, (connection: Connection) => void]>([
    ['1101', (connection) => noteConnection(connection, 1101, 'restored')],
    ['1102', (connection) => noteConnection(connection, 1102, 'restored')],
    ['a farm that works', (connection) => noteConnection(connection, 2104, 'Market data farm connection is OK:usfarm')],
    ['market data', (connection) => noteData(connection, [TICK])],
  ])('on a login without IB (2110) ends with %s', (_, end) => {
    const { connection, said } = after([2110, 'Connectivity between Trader Workstation and server is broken.'])
    expect(said).toEqual(['degraded', 'the gateway has no connection to IB (2110)'])
    noteData(connection, [{ type: 'current-time', value: 1, arrivalMs: 0 }])
    expect(connection.state).toBe('degraded')
    end(connection)
    expect(connection.state).toBe('ready')
  })

  it('of a lost link (1100) does not end with a farm that works', () => {
    expect(after(LOST, [2104, 'Market data farm connection is OK:usfarm']).said[0]).toBe('degraded')
  })
})
