/** A gateway that serves a made-up market without limits but that of its lines, behind a proxy, until the test is over. */

import { onTestFinished } from 'vitest'

import { type GatewayOptions, startGateway } from '../../../backtester/gateway/server/gateway.ts'
import { NO_LIMITS } from './gateway-tape.ts'
import { type GatewayProxy, startGatewayProxy } from './gateway-proxy.ts'

const unheard = () => undefined

export async function serveSynthetic({
  contracts,
  ...options
}: Partial<GatewayOptions> & { contracts: number; lines: number }): Promise<{ proxy: GatewayProxy }> {
  const gateway = await startGateway(
    {
      synthetic: { contracts, seed: 1, ticksPerSecond: 400, seconds: 600 },
      host: '127.0.0.1',
      port: 0,
      speed: 1,
      sampling: false,
      startAfterLines: 1,
      publishTime: true,
      limits: NO_LIMITS,
      ...options,
    },
    { log: { debug: unheard, info: unheard, warn: unheard, error: unheard } },
  )
  onTestFinished(() => gateway.stop().then(unheard))
  const proxy = await startGatewayProxy(gateway.port)
  onTestFinished(() => proxy.close())
  return { proxy }
}
