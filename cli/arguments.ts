/** Options that several commands share, and parsers of single values. A parser that refuses a value says what it expected. */

import { type Command, InvalidArgumentError, Option } from 'commander'

import { ConfigError } from '../market/errors.ts'
import type { TapeRecord } from '../market/tick.ts'
import { isDate, isoFromUs, usFromIso } from '../market/time.ts'

/** Options of several commands. */
export interface CommonOptions {
  config?: string
  dataDir?: string
  logLevel?: string
  json?: boolean
}

export const json = () => new Option('--json', 'machine-readable output')
export const configFile = () => new Option('--config <file>', 'configuration file (default: ./tapedeck.yaml, when there is one)')
export const dataDir = () => new Option('--data-dir <folder>', 'journal and embedded database')
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
export const logLevel = () => new Option('--log-level <level>', 'how much is logged').choices(LOG_LEVELS)

/** For the end of a command's help; each line at most 78 columns. */
export const examples = (...lines: string[]) => `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`

export function integerArgument(from: number, to: number) {
  return (text: string) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < from || value > to) throw new InvalidArgumentError(`expected an integer from ${from} to ${to}.`)
    return value
  }
}

export function speedArgument(text: string): number | 'max' {
  const value = Number(text)
  if (text === 'max') return text
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('expected max, or tape seconds per second, such as 1 or 60.')
  return value
}

export function timeArgument(text: string): number {
  try {
    return usFromIso(isDate(text) ? `${text}T00:00:00Z` : text)
  } catch {
    throw new InvalidArgumentError('expected a UTC time such as 2014-06-05T13:30:00Z, or a date.')
  }
}

export function dateArgument(text: string): string {
  if (!isDate(text)) throw new InvalidArgumentError('expected a date such as 2014-06-05.')
  return text
}

export function hostPortArgument(text: string): { host: string; port: number } {
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(text)
  if (!match) throw new InvalidArgumentError('expected HOST:PORT or PORT, such as 127.0.0.1:7497.')
  return { host: match[1] ?? '127.0.0.1', port: Number(match[2]) }
}

export function listArgument(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.includes('')) throw new InvalidArgumentError('expected names separated by commas, such as AAPL,TWX.')
  return parts
}

export function currencyArgument(text: string): string {
  if (!/^[A-Z]{3}$/.test(text)) throw new InvalidArgumentError('expected a currency such as USD.')
  return text
}

const KINDS: readonly TapeRecord['kind'][] = [
  'quote',
  'trade',
  'greeks',
  'statistic',
  'gap',
  'line',
  'contract',
  'config',
  'session',
  'carry',
]

export function kindsArgument(text: string): TapeRecord['kind'][] {
  return listArgument(text).map((name) => {
    const kind = KINDS.find((kind) => kind === name)
    if (!kind) throw new InvalidArgumentError(`expected kinds of records separated by commas, of ${KINDS.join(', ')}.`)
    return kind
  })
}

export function sessionArgument(text: string): number | 'latest' | 'all' {
  const id = Number(text)
  if (text === 'latest' || text === 'all') return text
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(id))
    throw new InvalidArgumentError('expected latest, or the number of a session, or all.')
  return id
}

/** Options that select a part of what is recorded. */
export interface QueryArguments {
  session: number | 'latest' | 'all'
  from?: number
  to?: number
  symbols?: string[]
  includeQuarantined?: boolean
  liveOnly?: boolean
}

export function addQueryOptions(command: Command): Command {
  command.option('--session <id>', 'session to read, latest, or all', sessionArgument, 'latest' as const)
  return addLiveOnly(addRangeOptions(command)).option('--include-quarantined', 'also the ticks that the rules kept out')
}

export function addLiveOnly(command: Command): Command {
  return command.option('--live-only', "without ticks that were backfilled from IB's history")
}

export function addRangeOptions(command: Command): Command {
  return command
    .option('--from <time>', 'first moment, UTC', timeArgument)
    .option('--to <time>', 'moment before which to end, UTC', timeArgument)
    .option('--symbols <symbols>', 'only these stocks and their options, by comma', listArgument)
}

/** Throws a ConfigError when nothing can lie between the two times. */
export function queryOf({ session, from, to, symbols, includeQuarantined, liveOnly }: QueryArguments) {
  if (from !== undefined && to !== undefined && from >= to)
    throw new ConfigError(`--to: expected a time after --from (${isoFromUs(from)}), found ${isoFromUs(to)}.`, { code: 'empty-range' })
  return { sessionId: session, fromUs: from, toUs: to, symbols, includeQuarantined, liveOnly }
}
