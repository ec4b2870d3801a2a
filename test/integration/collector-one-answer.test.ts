/**
 * `tapedeck status --json`, /readyz and /metrics say the same of gaps, lines and the connection at one moment. A scripted TWS holds each
 * state of an outage still, so that three answers are of one moment although they are asked for one after the other.
 */

import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { type Status, statusSchema } from '../../collector/telemetry/status.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { startScriptedTws, type TwsConnection } from '../support/gateway/scripted-tws.ts'
import { PATIENCE, startCollecting } from '../support/process/collecting.ts'
import { expectDone, type Place, placeForTest } from '../support/process/command.ts'
import { serveListings } from '../unit/collector/ib/lookup/listings.ts'

const EXPIRY = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')
const STRIKES = [70, 75]
const OPTIONS = STRIKES.flatMap((strike) => ['C', 'P'].map((right) => `${EXPIRY} ${strike} ${right} TWX`))
const LISTINGS = {
  stocks: { TWX: 4321 },
  chains: [{ exchange: 'SMART', tradingClass: 'TWX', expirations: [EXPIRY], strikes: STRIKES }],
  options: OPTIONS,
}
const LINES = 1 + OPTIONS.length
const RESTORED = 'Connectivity between IB and Trader Workstation has been restored - data maintained.'

/** A TWS that serves all lines but one, which it refuses; connections that it is told to keep waiting get no handshake. */
class OneTws {
  readonly #reqIds: string[] = []
  #connection: TwsConnection | undefined
  #waiting: (() => void)[] | undefined

  async take(connection: TwsConnection): Promise<void> {
    if (this.#waiting) await new Promise<void>((resolve) => this.#waiting?.push(resolve))
    this.#connection = connection
    this.#reqIds.length = 0
    void serveListings(connection, LISTINGS)
    for (;;) {
      const [, , reqId = '', , , kind, , strike, right] = await connection.request(1)
      if (kind === 'OPT' && strike === '75' && right === 'P') {
        connection.send(4, 2, reqId, 354, 'Requested market data is not subscribed.', '')
        continue
      }
      this.#reqIds.push(reqId)
      connection.send(58, 1, reqId, 1)
      this.#bid(reqId)
    }
  }

  notice(code: number, text: string): void {
    this.#connection?.send(4, 2, -1, code, text, '')
  }

  /** Data on every line. */
  tick(): void {
    for (const reqId of this.#reqIds) this.#bid(reqId)
  }

  /** The connection is lost, and the next one is accepted without a handshake. */
  leave(): void {
    this.#waiting = []
    this.#connection?.socket.destroy()
  }

  comeBack(): void {
    for (const resolve of this.#waiting ?? []) resolve()
    this.#waiting = undefined
  }

  #price = 70
  #bid(reqId: string): void {
    this.#price += 0.01
    this.#connection?.send(1, 6, reqId, 1, this.#price.toFixed(2), 3, 1)
  }
}

/** What is said at one moment, by all who say it. */
async function pagesOf(port: number, place: Place, dataDir: string) {
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  const status = async () => statusSchema.parse(JSON.parse(await get('/status')))
  const first = await status()
  const [ready, metrics] = [await get('/readyz'), samplesOf(await get('/metrics'))]
  const printed = expectDone(await place.tapedeck(['status', '--json'], { TAPEDECK_DATA_DIR: dataDir }).ended)
  const cli = statusSchema.parse(JSON.parse(printed))
  // Nothing has happened meanwhile: all of it is of one moment.
  expect(still(cli)).toEqual(still(first))
  expect(still(await status())).toEqual(still(first))
  return { status: cli, ready, metrics }
}

/** Without what goes on by itself: time, rates, and the way to the database. */
function still({ session, messages, lagMs, journal, database, ...rest }: Status) {
  return { ...rest, sessionId: session?.id, messages: messages.total, hasLag: lagMs !== null, hasServer: [journal.fault, database.server] }
}

function samplesOf(text: string): Map<string, number> {
  return new Map([...text.matchAll(/^(tapedeck_\S+?(?:\{.*\})?) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]))
}

function expectOneAnswer({ status, ready, metrics }: Awaited<ReturnType<typeof pagesOf>>): void {
  expect(ready).toBe(status.notReady.length === 0 ? 'ready\n' : `${status.notReady.join('\n')}\n`)
  const { gateway, lines, tickByTick, gaps, ticks, data } = status
  const of = (name: string, labels = '') => metrics.get(`tapedeck_${name}${labels}`)
  const states = [...metrics].filter(([name, value]) => name.startsWith('tapedeck_gateway_state{') && value === 1).map(([name]) => name)
  expect(states).toEqual([`tapedeck_gateway_state{state="${gateway.state}"}`])
  const inState = (feed: string, ...wanted: string[]) =>
    wanted.reduce((sum, state) => sum + (of('lines', `{feed="${feed}",state="${state}"}`) ?? Number.NaN), 0)
  const inAnyState = (feed: string) =>
    [...metrics].reduce((sum, [name, value]) => sum + (name.startsWith(`tapedeck_lines{feed="${feed}"`) ? value : 0), 0)
  const missing = new Map<string, number>()
  for (const { cause, lines } of gaps.open) if (lines !== undefined) missing.set(`tapedeck_lines_missing{cause="${cause}"}`, lines)

  expect({
    ready: of('ready'),
    up: of('feed_up'),
    reconnects: of('feed_reconnects_total'),
    open: of('lines_open'),
    lines: {
      wanted: inAnyState('market-data'),
      open: inState('market-data', 'open'),
      silent: inState('market-data', 'silent'),
      asked: inState('market-data', 'queued', 'asked', 'idle'),
      withoutLine: inState('market-data', 'no-line'),
      paused: inState('market-data', 'paused'),
      refused: inState('market-data', 'refused'),
    },
    tickByTick: { wanted: inAnyState('tick-by-tick'), open: inState('tick-by-tick', 'open'), refused: inState('tick-by-tick', 'refused') },
    gaps: [of('feed_gaps_total'), of('gaps_open')],
    missing: new Map([...metrics].filter(([name]) => name.startsWith('tapedeck_lines_missing'))),
    ticks: [of('ticks_received_total'), of('ticks_in_flight')],
    isSilent: (of('data_silent_seconds') ?? 0) > 0,
  }).toEqual({
    ready: status.notReady.length === 0 ? 1 : 0,
    up: gateway.connectedSince === null ? 0 : 1,
    reconnects: gateway.reconnects,
    open: lines.open,
    lines: { ...lines, limit: undefined, learnedLimit: undefined },
    tickByTick,
    gaps: [gaps.total, gaps.open.length],
    missing,
    ticks: [ticks.received, ticks.inFlight],
    isSilent: data.silentMs !== null,
  })
  // What is not open now is in the gap of all lines, of a farm, or its own: none of them is left out of the reasons.
  const lasting = /^refused: 354$/
  for (const { from, cause } of gaps.open)
    if (!lasting.test(cause)) expect(status.notReady.some((reason) => reason.includes(from) && reason.endsWith(cause))).toBe(true)
}

forEachEdition('at one moment', ({ createDatabase }) => {
  describe('of an outage, and after it', () => {
    it('status, /readyz and /metrics say the same', async () => {
      const place = await placeForTest()
      const tws = new OneTws()
      const server = await startScriptedTws((connection) => tws.take(connection))
      onTestFinished(() => server.close())
      const collector = await startCollecting({
        port: server.port,
        databaseUrl: await createDatabase(),
        metrics: { host: '127.0.0.1', port: 0 },
        // What is waited for stands still: a handshake, and lines that are doubted.
        gateway: { clock: 'wall', handshakeTimeoutMs: 600_000, lineDelays: { silentMs: 600_000 } },
        underlyings: [{ symbol: 'TWX', currency: 'USD', exchange: 'SMART', strikes: 'all', expiryDays: 60 }],
      })
      const { metricsPort = 0 } = await collector.until('it serves its pages', (progress) => progress.metricsPort !== undefined)
      const when = (what: string, condition: (status: Status) => boolean) =>
        vi.waitFor(async () => {
          const response = await fetch(`http://127.0.0.1:${metricsPort}/status`)
          const status = statusSchema.parse(await response.json())
          const isStill = status.ticks.inFlight === 0 && status.journal.batches === 0
          if (!isStill || !condition(status)) throw new Error(`never came true: ${what}; ${JSON.stringify(status)}`)
        }, PATIENCE)
      const answer = async () => {
        const pages = await pagesOf(metricsPort, place, collector.dataDir)
        expectOneAnswer(pages)
        return pages.status
      }
      const causes = ({ gaps }: Status) => gaps.open.map(({ cause }) => cause)

      await when('all lines but one have data', ({ lines, ticks }) => lines.open === LINES - 1 && lines.refused === 1 && ticks.written >= 4)
      expect(await answer()).toMatchObject({ gateway: { state: 'ready' }, notReady: [], lines: { wanted: LINES, refused: 1 } })

      tws.notice(1100, 'Connectivity between IB and Trader Workstation has been lost.')
      await when('IB is away', (status) => causes(status).includes('ib-1100'))
      expect(await answer()).toMatchObject({ gateway: { state: 'degraded', ibIsAway: true }, gaps: { open: [{ cause: 'ib-1100' }] } })

      tws.notice(1102, `${RESTORED} The following farms are connected: usfarm. The following farms are not connected: usopt.`)
      // The options are known to be without data; of the stock it is not known.
      await when('the stock is doubted', ({ lines }) => lines.silent === 1)
      const doubted = await answer()
      expect(doubted).toMatchObject({ gateway: { state: 'degraded', ibIsAway: false }, lines: { open: LINES - 2, refused: 1 } })
      expect(causes(doubted)).toEqual(['ib-1100', 'farm-broken: usopt'])

      tws.tick()
      await when('the lines have data', ({ lines, gaps }) => lines.open > 0 && lines.silent === 0 && gaps.total > 0)
      expect((await answer()).gaps.last.map(({ cause }) => cause)).toContain('ib-1100')

      tws.leave()
      await when('a new connection waits', ({ gateway }) => gateway.state === 'handshaking')
      expect(await answer()).toMatchObject({ gateway: { connectedSince: null }, lines: { open: 0, wanted: LINES } })

      tws.comeBack()
      await when('all is well again', ({ lines, notReady }) => lines.open === LINES - 1 && lines.refused === 1 && notReady.length === 0)
      const after = await answer()
      expect(after).toMatchObject({ gateway: { state: 'ready', reconnects: 1 }, notReady: [] })
      expect(after.gaps.total).toBeGreaterThan(0)
      await collector.stop()
    })
  })
})
