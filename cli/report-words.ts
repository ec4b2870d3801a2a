/** How reports write times, durations, shares and contracts: short, and the same in all of them. */

import type { RunRange } from '../backtester/run/result.ts'
import { isoFromUs } from '../market/time.ts'

/** Never 100 % when something is missing. */
export function percent(value: number): string {
  if (value >= 1) return '100%'
  return `${(Math.floor(value * 10_000) / 100).toFixed(2)}%`
}

/** `option:TWX:USD:TWX:2014-06-21:C:70:100` as `TWX 140621C70`. */
export function shortKey(key: string): string {
  const [kind, symbol = '', , , expiry = '', right = '', strike = ''] = key.split(':')
  return kind === 'option' ? `${symbol} ${expiry.slice(2).replaceAll('-', '')}${right}${strike}` : symbol
}

export const counted = (value: number, one: string, many = `${one}s`) => `${value.toLocaleString('en-US')} ${value === 1 ? one : many}`
/** Cut to a width. */
export const short = (text: string, width: number) => (text.length > width ? `${text.slice(0, width - 1)}…` : text)
/** `2014-06-05T13:30:00Z` */
export const second = (us: number) => `${isoFromUs(us).slice(0, 19)}Z`

/** `0.4 s`, `12 min`, `3 h 20`, `2 d 4 h`. */
export function length(us: number): string {
  const s = us / 1_000_000
  if (s < 100) return `${s.toFixed(1)} s`
  const minutes = Math.round(s / 60)
  if (minutes < 100) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')}`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

export const money = (value: number) => value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
/** Of an annual fraction: `2.7 %`; of much more than anybody earns `>999 %`. */
export const annual = (fraction: number) => (fraction >= 10 ? '>999 %' : `${(100 * fraction).toFixed(1)} %`)

/** Which part of its data a run read. */
export function rangeText({ fromUs, toUs, warmUpUs }: RunRange): string {
  const warm = warmUpUs !== undefined && fromUs !== undefined ? `, warmed up from ${second(fromUs - warmUpUs)}` : ''
  return `${fromUs === undefined ? 'from the begin' : second(fromUs)} to ${toUs === undefined ? 'the end' : second(toUs)}${warm}`
}
