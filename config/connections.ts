/** The connections to gateways that the settings name: the one of `gateway` itself, and those of `gateway.others`. Pure. */

import type { Path } from './layers.ts'
import type { TapedeckConfig } from './schema.ts'

type GatewaySettings = TapedeckConfig['gateway']
export type ConnectionConfig = Pick<GatewaySettings, 'host' | 'port' | 'clientId' | 'lines'>

/** Every connection, the first one first. What one of `others` does not say is as in `gateway`. */
export function connectionsOf({ others, ...gateway }: GatewaySettings): ConnectionConfig[] {
  return [{}, ...others].map(({ host, port, clientId, lines }: Partial<GatewaySettings['others'][number]>) => ({
    host: host ?? gateway.host,
    port: port ?? gateway.port,
    clientId: clientId ?? gateway.clientId,
    lines: lines ?? gateway.lines,
  }))
}

/** What is wrong with them together, and the setting to change. */
export function connectionProblems(gateway: GatewaySettings): { path: Path; text: string }[] {
  const all = connectionsOf(gateway)
  const places = all.map(({ host, port, clientId }) => `${host}:${port} with client id ${clientId}`)
  const problems = places.flatMap((place, i) => {
    if (places.indexOf(place) === i) return []
    return { path: ['gateway', 'others', i - 1], text: `expected each connection once, found ${place} again; give it its own host or port` }
  })
  if (all.length === 1 || gateway.clock === 'wall') return problems
  return [
    ...problems,
    {
      path: ['gateway', 'clock'],
      text: 'expected wall where there are several connections (gateway.others), found gateway: a recording has one clock',
    },
  ]
}
