/** Links and feeds to a scripted TWS that are taken down behind the test that asked for them. */

import { onTestFinished } from 'vitest'
import type { ConnectionState } from '../../../../collector/ib/link/connection.ts'
import { Feed, type FeedOptions } from '../../../../collector/ib/link/feed.ts'
import { Link, type LinkOptions } from '../../../../collector/ib/link/link.ts'
import type { GatewayMessage } from '../../../../collector/ib/messages.ts'
import { createPacer } from '../../../../collector/ib/link/pacer.ts'
import { unexpected } from '../../../support/unexpected.ts'
import { greet, type ScriptedTws, startScriptedTws, type TwsConnection } from '../../../support/gateway/scripted-tws.ts'

export const CLIENT_ID = 5

export async function twsFor(script: (connection: TwsConnection, index: number) => unknown = greet): Promise<ScriptedTws> {
  const tws = await startScriptedTws(script)
  onTestFinished(() => tws.close())
  return tws
}

export interface WatchedLink {
  link: Link
  messages: GatewayMessage[]
  /** Sizes of the groups in which they were handed over. */
  deliveries: number[]
  losses: string[]
}

export function linkTo(port: number, options: Partial<LinkOptions> = {}): WatchedLink {
  const messages: GatewayMessage[] = []
  const deliveries: number[] = []
  const losses: string[] = []
  const link = new Link({
    host: '127.0.0.1',
    port,
    clientId: CLIENT_ID,
    handshakeTimeoutMs: 60_000,
    pacer: createPacer(1000),
    onMessages(more) {
      deliveries.push(more.length)
      messages.push(...more)
    },
    onLost: (reason) => losses.push(reason),
    onUnreadable: unexpected,
    onListenerError: unexpected,
    ...options,
  })
  onTestFinished(() => link.close())
  return { link, messages, deliveries, losses }
}

/** A link that is up, and the server's end of it. */
export async function connectedLink(options: Partial<LinkOptions> = {}): Promise<WatchedLink & { tws: TwsConnection }> {
  const server = await twsFor()
  const watched = linkTo(server.port, options)
  await watched.link.open()
  return { ...watched, tws: server.connections[0] as TwsConnection }
}

export interface WatchedFeed {
  feed: Feed
  /** Of the connection, since the beginning. */
  states: ConnectionState[]
  /** Links that came up. */
  links: Link[]
  messages: GatewayMessage[]
  downs: { reason: string; retryMs: number }[]
  /** The number of the attempt that follows each of them. */
  attempts: number[]
}

export function feedTo(port: number, options: Partial<FeedOptions> = {}): WatchedFeed {
  const states: ConnectionState[] = ['connecting']
  const links: Link[] = []
  const attempts: number[] = []
  const messages: GatewayMessage[] = []
  const downs: { reason: string; retryMs: number }[] = []
  const feed = new Feed({
    host: '127.0.0.1',
    port,
    clientId: CLIENT_ID,
    handshakeTimeoutMs: 60_000,
    heartbeatMs: 60_000,
    messagesPerSecond: 1000,
    lines: 10_000,
    onUp: (link) => links.push(link),
    onMessages: (more) => messages.push(...more),
    onDown: (reason, retryMs, attempt) => {
      downs.push({ reason, retryMs })
      attempts.push(attempt)
    },
    onConnection: ({ state }) => states.push(state),
    onUnreadable: unexpected,
    onListenerError: unexpected,
    ...options,
  })
  onTestFinished(() => feed.stop())
  return { feed, states, links, messages, downs, attempts }
}

/** A message without its time of arrival. */
export function plain({ arrivalMs: _arrivalMs, ...message }: GatewayMessage): Record<string, unknown> {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined))
}
