/** Reads single values of the command line. Each complains in the words of commander: what was expected. */

import { InvalidArgumentError } from 'commander'

import { isDate, usFromIso } from '../market/time.ts'
import type { ConfigOverrides } from './load.ts'

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

export function hostPortArgument(text: string): { host: string; port: number } {
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(text)
  if (!match) throw new InvalidArgumentError('expected HOST:PORT or PORT, such as 127.0.0.1:7497.')
  return { host: match[1] ?? '127.0.0.1', port: Number(match[2]) }
}

export const listArgument = (text: string) => text.split(',').filter((part) => part !== '')

/** The options of `tapedeck collect` that stand for settings. */
export interface CollectArguments {
  gateway?: { host: string; port: number }
  clientId?: number
  clock?: string
  lines?: number
  underlying?: string[]
  strikes?: string
  expiryDays?: number
  metricsPort?: string
}

export function collectOverrides(options: CollectArguments): ConfigOverrides {
  const { gateway, clientId, clock, lines, underlying, strikes, expiryDays, metricsPort } = options
  const percent = Number(strikes)
  return {
    gateway: {
      ...gateway,
      ...(clientId !== undefined && { clientId }),
      ...(clock !== undefined && { clock }),
      ...(lines !== undefined && { lines }),
    },
    universe: {
      ...(underlying && { underlyings: underlying.map((symbol) => ({ symbol })) }),
      ...(strikes !== undefined && { strikes: Number.isFinite(percent) ? { rangePercent: percent } : strikes }),
      ...(expiryDays !== undefined && { expiryDays }),
    },
    ...(metricsPort !== undefined && { metrics: metricsPort === 'off' ? 'off' : { port: Number(metricsPort) } }),
  }
}
