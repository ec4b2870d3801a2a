import { describe, expect, it } from 'vitest'

import { connectionProblems, connectionsOf } from '../../../config/connections.ts'
import { loadConfig } from '../../../config/load.ts'

const load = (gateway: Record<string, unknown>) =>
  loadConfig({ env: { HOME: '/home/me' }, cwd: '/nowhere', asRoot: false, overrides: { gateway: gateway as Record<string, string> } })
    .config.gateway

describe('the connections of the settings', () => {
  it('are the one of gateway itself where no others are named', () => {
    expect(connectionsOf(load({ port: 4001 }))).toEqual([{ host: '127.0.0.1', port: 4001, clientId: 87, lines: 100 }])
  })

  it('have of the first what they do not say themselves', () => {
    expect(connectionsOf(load({ host: 'a', clientId: 5, others: [{ port: 4002 }, { host: 'b', lines: 200 }] }))).toEqual([
      { host: 'a', port: 7497, clientId: 5, lines: 100 },
      { host: 'a', port: 4002, clientId: 5, lines: 100 },
      { host: 'b', port: 7497, clientId: 5, lines: 200 },
    ])
  })

  it('are refused where one is named twice', () => {
    expect(() => load({ others: [{ port: 4002 }, { clientId: 87 }] })).toThrow(
      'gateway.others[1]: expected each connection once, found 127.0.0.1:7497 with client id 87 again',
    )
    expect(connectionProblems(load({ others: [{ clientId: 88 }] }))).toEqual([])
  })

  it('are refused with the clock of a gateway, of which there is one', () => {
    expect(() => load({ clock: 'gateway', others: [{ port: 4002 }] })).toThrow(
      'gateway.clock: expected wall where there are several connections',
    )
    expect(load({ clock: 'gateway' }).clock).toBe('gateway')
  })
})
