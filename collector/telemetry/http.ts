/**
 * `/metrics` for Prometheus, `/healthz` (the process works), `/readyz` (it records: gateway up, database reachable), and `/status`,
 * `/arbitrage`, `/universe` and `/lines`, which are JSON, for `tapedeck status`, `tapedeck arb watch`, `tapedeck universe` and
 * `tapedeck lines`.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Registry } from 'prom-client'

import { ConfigError } from '../../market/errors.ts'

export interface TelemetryServer {
  port: number
  close(): Promise<void>
}

export interface TelemetryOptions {
  host: string
  /** 0: any free one. */
  port: number
  registry: Registry
  /** What keeps the collector from recording; empty when it records. */
  notReady: () => string[]
  status: () => object
  /** What the detectors have found. */
  arbitrage: () => object
  /** Which contracts are wanted; with each of them by itself, too. */
  universe: (withContracts: boolean) => object
  /** Who holds a market-data line. */
  lines?: () => object
}

/** Throws a ConfigError when the port is taken. */
export async function serveTelemetry({
  host,
  port,
  registry,
  notReady,
  status,
  arbitrage,
  universe,
  lines,
}: TelemetryOptions): Promise<TelemetryServer> {
  const server = createServer((request, response) => {
    const reply = (status: number, body: string, type = 'text/plain; charset=utf-8') => {
      response.writeHead(status, { 'content-type': type }).end(body)
    }
    const replyWith = (text: Promise<string>, type: string) =>
      text.then(
        (body) => reply(200, body, type),
        (error: unknown) => reply(500, String(error)),
      )
    const replyJson = (value: object) => reply(200, JSON.stringify(value), 'application/json')
    const [path, query] = request.url?.split('?') ?? []
    switch (path) {
      case '/metrics':
        void replyWith(registry.metrics(), registry.contentType)
        break
      case '/status':
        replyJson(status())
        break
      case '/arbitrage':
        replyJson(arbitrage())
        break
      case '/universe':
        replyJson(universe(query === 'contracts'))
        break
      case '/lines':
        replyJson(lines?.() ?? {})
        break
      case '/healthz':
        reply(200, 'ok\n')
        break
      case '/readyz': {
        const reasons = notReady()
        reply(reasons.length === 0 ? 200 : 503, reasons.length === 0 ? 'ready\n' : `${reasons.join('\n')}\n`)
        break
      }
      default:
        reply(404, 'Known: /metrics /healthz /readyz /status /arbitrage /universe /lines\n')
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new ConfigError(
          `Cannot serve metrics on ${host}:${port} (${cause.code}). Set metrics.port to a free port, to 0 for any, or to off.`,
          {
            code: 'metrics-port',
            cause,
          },
        ),
      )
    })
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
