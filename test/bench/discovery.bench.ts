/**
 * From a fresh connection to 5,000 contracts found and asked for, on a gateway that answers at once, against the least time in which the
 * pacer lets so many messages through.
 */

import { pino } from 'pino'
import { NEVER } from 'rxjs'

import { LookUps } from '../../collector/ib/lookup/look-ups.ts'
import { toIbContract } from '../../collector/ib/lookup/map-contract.ts'
import { Link } from '../../collector/ib/link/link.ts'
import { createPacer } from '../../collector/ib/link/pacer.ts'
import { LineRegistry } from '../../collector/lines/registry.ts'
import { createCounts } from '../../collector/telemetry/counts.ts'
import { createEvents } from '../../collector/telemetry/events/index.ts'
import { openUniverse } from '../../collector/universe/universe.ts'
import { type Contract, contractKey } from '../../market/contract.ts'
import { usFromIso } from '../../market/time.ts'
import { serveListings } from '../unit/collector/ib/lookup/listings.ts'
import { startScriptedTws } from '../support/gateway/scripted-tws.ts'
import { measure, timed } from './harness.ts'

const CONTRACTS = 5000
const MESSAGES_PER_SECOND = 500
const WEEKS = 50
const STRIKES = Array.from({ length: 51 }, (_, i) => 100 + i)
const EXPIRIES = Array.from({ length: WEEKS }, (_, i) =>
  new Date(Date.UTC(2014, 5, 6 + 7 * i)).toISOString().slice(0, 10).replaceAll('-', ''),
)
const OPTIONS = EXPIRIES.flatMap((expiry) => STRIKES.flatMap((strike) => ['C', 'P'].map((right) => `${expiry} ${strike} ${right} TWX`)))
const LISTINGS = {
  stocks: { TWX: 4321 },
  chains: [{ exchange: 'SMART', tradingClass: 'TWX', expirations: EXPIRIES, strikes: STRIKES }],
  // With the stock itself.
  options: OPTIONS.slice(0, CONTRACTS - 1),
}

measure({
  title: `${CONTRACTS} contracts found and asked for`,
  unit: 'contracts/s',
  limit: `the same number of messages at ${MESSAGES_PER_SECOND} a second`,
  round: async () => {
    const tws = await startScriptedTws((connection) => serveListings(connection, LISTINGS))
    try {
      const { seconds, result: messages } = await timed(() => discover(tws.port))
      // The first second's messages go at once.
      const leastSeconds = Math.floor((messages - 1) / MESSAGES_PER_SECOND)
      return {
        ours: CONTRACTS / seconds,
        limit: CONTRACTS / leastSeconds,
        more: { seconds, 'least seconds': leastSeconds, messages },
      }
    } finally {
      await tws.close()
    }
  },
})

/** Returns how many messages were sent. */
async function discover(port: number): Promise<number> {
  let messages = 0
  const pacer = createPacer(MESSAGES_PER_SECOND)
  const ignore = () => undefined
  const link = new Link({
    host: '127.0.0.1',
    port,
    clientId: 1,
    handshakeTimeoutMs: 10_000,
    pacer: {
      ...pacer,
      send: (send, ...rest) => {
        messages++
        return pacer.send(send, ...rest)
      },
    },
    onMessages: ignore,
    onLost: ignore,
    onUnreadable: ignore,
    onListenerError: (error) => {
      throw error
    },
  })
  await link.open()
  const instruments = new Map<string, number>()
  let sent = 0
  const registry = new LineRegistry({
    onRequested: ignore,
    onWatched: ignore,
    onReleased: ignore,
    onOpened: ignore,
    onClosed: ignore,
    onRefused: ignore,
    onUnwanted: ignore,
    onLimit: ignore,
    onPaused: ignore,
    onResumed: ignore,
    onSettled: ignore,
    nowUs: () => 0,
  })
  const allSent = new Promise<void>((resolve) => {
    registry.linkUp({
      newReqId: () => link.newReqId(),
      open: async (reqId, { contract }) => {
        await link.openLine(reqId, toIbContract(contract), '')
        registry.accepted(reqId)
        if (++sent === CONTRACTS) resolve()
      },
      close: (reqId) => link.closeLine(reqId),
    })
  })
  await openUniverse(link, {
    underlyings: [{ symbol: 'TWX', currency: 'USD', exchange: 'SMART', strikes: 'all', expiryDays: 7 * WEEKS }],
    lines: CONTRACTS,
    events: createEvents(pino({ level: 'silent' }), createCounts()),
    nowUs: () => usFromIso('2014-06-05T09:31:00-04:00'),
    wantedUs: 0,
    recorder: {
      instrumentOf: (contract: Contract) => {
        const key = contractKey(contract)
        const known = instruments.get(key) ?? instruments.size
        instruments.set(key, known)
        return known
      },
      lineMissing: ignore,
      lineUnwanted: ignore,
    },
    registry,
    ticks: NEVER,
    lookUps: new LookUps(),
    discovered: new Map(),
  })
  await allSent
  registry.stop()
  link.close()
  return messages
}
