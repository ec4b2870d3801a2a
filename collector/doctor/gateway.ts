/** What the doctor asks of the gateway: whether it answers, what time it has, and what market data the account may have. */

import { connect } from 'node:net'

import { NO_DATA_ADVICE } from '../ib/link/first-data.ts'
import { GatewayCheck, type GatewayCheckSettings, type LineAnswer } from '../ib/gateway-check.ts'
import type { UnderlyingQuery } from '../ib/lookup/find-contracts.ts'
import { adviceOf } from '../lines/entitlements.ts'
import { type Finding, messageOf } from './finding.ts'

export interface GatewayNeeds {
  gateway: GatewayCheckSettings & { clock: 'wall' | 'gateway' }
  /** Whose market data is looked at: one of each kind, as indices have their own. */
  underlyings: readonly UnderlyingQuery[]
  /** A collector is running and has its lines open. */
  isRecording: boolean
}

const USUAL_PORTS: Readonly<Record<number, string>> = {
  7496: 'TWS, live',
  7497: 'TWS, paper',
  4001: 'IB Gateway, live',
  4002: 'IB Gateway, paper',
}
const CONNECT_LIMIT_MS = 1000
/** The gateway gives its time in whole seconds, over a network. */
const CLOCK_TOLERANCE_MS = 1000
/** No clock is wrong by that much: the gateway is replaying a recording. */
const REPLAY_MS = 86_400_000

export async function* checkGateway({ gateway, underlyings, isRecording }: GatewayNeeds): AsyncGenerator<Finding> {
  const place = `${gateway.host}:${gateway.port}`
  let gatewayCheck: GatewayCheck
  try {
    gatewayCheck = await GatewayCheck.begin(gateway)
  } catch (error) {
    yield { check: 'gateway', state: 'failed', found: messageOf(error), todo: await connectionAdvice(gateway) }
    for (const check of ['gateway clock', 'market data']) yield notChecked(check, 'there is no connection to the gateway')
    return
  }
  try {
    yield { check: 'gateway', state: 'ok', found: `${place} answers, server version ${gatewayCheck.serverVersion}` }
    yield await guarded('gateway clock', async () => clockFinding(await gatewayCheck.aheadMs(), gateway.clock))
    if (isRecording)
      yield notChecked('market data', 'no line is taken from the collector that is running; `tapedeck status` shows what it may have')
    else if (underlyings.length === 0) yield notChecked('market data', 'no underlying is configured (universe.underlyings)')
    else
      for (const underlying of underlyings)
        yield await guarded(checkOf(underlying), async () => linesFinding(underlying, await gatewayCheck.lines(underlying)))
  } finally {
    gatewayCheck.close()
  }
}

function clockFinding(ahead: { from: number; to: number } | undefined, clock: 'wall' | 'gateway'): Finding {
  const check = 'gateway clock'
  if (!ahead) return { check, state: 'warning', found: 'the gateway did not send its time', todo: 'check that it is logged in' }
  const leastMs = ahead.from > 0 ? ahead.from : ahead.to < 0 ? ahead.to : 0
  const isReplay = Math.abs(leastMs) > REPLAY_MS
  if (isReplay && clock === 'gateway') return { check, state: 'ok', found: 'it has the time of a recording, and gateway.clock is gateway' }
  if (isReplay)
    return {
      check,
      state: 'warning',
      found: `it has the time of another day, ${new Date(Date.now() - leastMs).toISOString().slice(0, 10)}: a replay gateway`,
      todo: 'set gateway.clock to gateway to record that day as it was',
    }
  if (Math.abs(leastMs) <= CLOCK_TOLERANCE_MS) return { check, state: 'ok', found: 'agrees with this machine to the second' }
  return {
    check,
    state: 'warning',
    found: `this machine is ${(Math.abs(leastMs) / 1000).toFixed(1)} s ${leastMs > 0 ? 'ahead of' : 'behind'} the gateway`,
    todo: 'ticks are stamped with the time of this machine: set its clock by NTP',
  }
}

const checkOf = ({ kind }: UnderlyingQuery) => (kind === 'index' ? 'index data' : 'market data')

function linesFinding(underlying: UnderlyingQuery, lines: LineAnswer[]): Finding {
  const { symbol, kind = 'stock' } = underlying
  const check = checkOf(underlying)
  if (lines.length === 0)
    return {
      check,
      state: 'failed',
      found: `the gateway knows no ${kind} ${symbol}`,
      todo: 'check universe.underlyings (symbol, kind, exchange, currency)',
    }
  const found = lines.map(({ contract, served, code }) => `${contract}: ${served}${code === undefined ? '' : ` (${code})`}`).join('; ')
  if (lines.every(({ served, isSilent }) => served !== 'refused' && isSilent))
    return {
      check,
      state: 'warning',
      found: `${found}; logged in, and no data on any line`,
      todo: `${NO_DATA_ADVICE}; a closed market may be silent`,
    }
  const worst =
    lines.find(({ served }) => served === 'refused') ??
    lines.find(({ served }) => served !== 'live') ??
    lines.find(({ code }) => code !== undefined)
  if (!worst) return { check, state: 'ok', found }
  const { code, text, served } = worst
  const todo = (code !== undefined && adviceOf(code)) || text || 'look in TWS whether its data comes; a closed market may be silent'
  return { check, state: served === 'refused' ? 'failed' : 'warning', found, todo }
}

/** Advice that depends on which other ports of that machine accept connections. */
async function connectionAdvice({ host, port }: GatewayCheckSettings): Promise<string> {
  if (await listens(host, port))
    return (
      'is it the port of the API (in TWS and IB Gateway: Settings, API, Settings: Socket port)? Enable socket clients there, ' +
      'add this machine to Trusted IPs, and log in'
    )
  const usual = Object.keys(USUAL_PORTS).map(Number)
  const open = await Promise.all(usual.map(async (other) => other !== port && (await listens(host, other))))
  const others = usual.filter((_, i) => open[i]).map((other) => `${other} (${USUAL_PORTS[other]})`)
  if (others.length > 0) return `something listens on ${others.join(', ')}: set gateway.port`
  return 'start TWS or IB Gateway, log in, and enable socket clients (Settings, API); check gateway.host and gateway.port'
}

function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_LIMIT_MS })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
  })
}

const notChecked = (check: string, found: string): Finding => ({ check, state: 'not checked', found })

async function guarded(check: string, work: () => Promise<Finding>): Promise<Finding> {
  return work().catch((error: unknown) => ({
    check,
    state: 'failed',
    found: messageOf(error),
    todo: "look at the gateway's own window or log",
  }))
}
