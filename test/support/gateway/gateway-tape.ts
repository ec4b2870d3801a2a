/** Small tapes for tests of the gateway: one stock and a few options on 2014-06-05, a Thursday. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { RecordSource } from '../../../market/record-source.ts'
import { type Gateway, type GatewayOptions, startGateway } from '../../../backtester/gateway/server/gateway.ts'
import type { Limits } from '../../../backtester/gateway/server/limits.ts'
import { writeTape } from '../../../db/tape/writer.ts'
import type { Contract, OptionContract } from '../../../market/contract.ts'
import type { Quote, TapeRecord } from '../../../market/tick.ts'

/** 2014-06-05 09:30:00 in New York. */
export const OPEN_US = Date.UTC(2014, 5, 5, 13, 30) * 1000
export const SECOND_US = 1_000_000
export const MS_US = 1000

export const TWX: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD', primaryVenue: 'NYSE' }
export const JUNE_70_CALL = twxOption({ expiry: '2014-06-21', strike: 70, right: 'C' })
export const JUNE_70_PUT = twxOption({ expiry: '2014-06-21', strike: 70, right: 'P' })
export const JULY_72_CALL = twxOption({ expiry: '2014-07-19', strike: 72.5, right: 'C' })
/** On a tape of `tapeOf` they have the numbers 0 to 3. */
export const CONTRACTS: Contract[] = [TWX, JUNE_70_CALL, JUNE_70_PUT, JULY_72_CALL]

export function twxOption(terms: Pick<OptionContract, 'expiry' | 'strike' | 'right'>): OptionContract {
  return { kind: 'option', symbol: 'TWX', currency: 'USD', multiplier: 100, tradingClass: 'TWX', ...terms }
}

/** A quote `afterUs` behind the opening; `[price, size]` of a side, or nothing when it is empty. */
export function quoteAt(afterUs: number, instrument: number, bid?: [number, number], ask?: [number, number]): Quote {
  return {
    kind: 'quote',
    seq: 0,
    tsUs: OPEN_US + afterUs,
    instrument,
    bidPrice: bid?.[0],
    bidSize: bid?.[1],
    askPrice: ask?.[0],
    askSize: ask?.[1],
  }
}

/** The records of a tape: the contracts, then `ticks`, all numbered. */
export function tapeOf(ticks: TapeRecord[], contracts: Contract[] = CONTRACTS): TapeRecord[] {
  const tsUs = ticks[0]?.tsUs ?? OPEN_US
  const listed = contracts.map((contract, instrument): TapeRecord => ({ kind: 'contract', seq: 0, tsUs, instrument, contract }))
  return [...listed, ...ticks].map((record, i) => ({ ...record, seq: i + 1 }))
}

/** The fields of reqMktData. */
export function marketDataRequest(reqId: number, contract: Contract, { snapshot = false, generics = '' } = {}): (string | number)[] {
  return [1, 11, reqId, ...contractFields(contract), 0, generics, Number(snapshot), 0, '']
}

/** The fields of reqTickByTickData. */
export function tickByTickRequest(reqId: number, contract: Contract, kind: string): (string | number)[] {
  return [97, reqId, ...contractFields(contract), kind, 0, 0]
}

/** The twelve fields by which a client names a contract. */
export function contractFields(contract: Contract): (string | number)[] {
  const secTypes = { stock: 'STK', option: 'OPT', index: 'IND', future: 'FUT' }
  const terms = contract.kind === 'option' ? [contract.expiry.replaceAll('-', ''), contract.strike, contract.right] : ['', 0, '']
  const exchange = contract.kind === 'index' ? contract.venue : 'SMART'
  return [0, contract.symbol, secTypes[contract.kind], ...terms, '', exchange, '', 'USD', '', '']
}

/** Without the limits that would make tests wait. */
export const NO_LIMITS: Partial<Limits> = { messagesPerSecond: 0, tickByTickAgainMs: 0, timeAgainMs: 0, historyPacing: false }

/** A directory for the tapes of one test file. */
export interface TapeRoom {
  write(records: TapeRecord[]): Promise<string>
  /** Writes the tape and serves it: at full speed, every record, once one line is open, unless `options` say otherwise. */
  serve(records: TapeRecord[], options?: Partial<GatewayOptions>): Promise<ServedTape>
  serveFile(tape: string, options?: Partial<GatewayOptions>): Promise<ServedTape>
  serveSource(source: RecordSource, options?: Partial<GatewayOptions>): Promise<ServedTape>
  /** Stops what still runs and removes the files. */
  clear(): Promise<void>
}

export interface ServedTape {
  gateway: Gateway
  port: number
  /** Messages of the log, each behind its level. */
  logged: string[]
}

export async function tapeRoom(): Promise<TapeRoom> {
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-gateway-'))
  const gateways: Gateway[] = []
  let tapes = 0
  const write = async (records: TapeRecord[]) => {
    const path = join(directory, `${++tapes}.tape`)
    await writeTape(path, { source: 'import' }, [records])
    return path
  }
  const serve = async (what: Pick<GatewayOptions, 'tape' | 'source'>, options: Partial<GatewayOptions> = {}) => {
    const logged: string[] = []
    const level = (name: string) => (_details: object, message: string) => void logged.push(`${name}: ${message}`)
    const log = { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
    const served = {
      speed: 'max',
      sampling: false,
      lines: 100,
      startAfterLines: 1,
      publishTime: false,
      leaveTimeoutMs: 200,
      limits: NO_LIMITS,
    } as const
    const gateway = await startGateway({ ...what, host: '127.0.0.1', port: 0, ...served, ...options }, { log })
    gateways.push(gateway)
    return { gateway, port: gateway.port, logged }
  }
  return {
    write,
    serveFile: (tape, options) => serve({ tape }, options),
    serveSource: (source, options) => serve({ source }, options),
    serve: async (records, options) => serve({ tape: await write(records) }, options),
    async clear() {
      await Promise.all(gateways.map((gateway) => gateway.stop()))
      await rm(directory, { recursive: true, force: true })
    },
  }
}
