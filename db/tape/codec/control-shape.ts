/**
 * What a control record of a tape must hold before the program relies on it. Its text is JSON of anybody's making: a checksum
 * proves that it arrived as it was written, not who wrote it.
 */

import type { TapeRecord } from '../../../market/tick.ts'

export type ControlKind = Exclude<TapeRecord['kind'], 'quote' | 'trade' | 'greeks' | 'statistic'>
type Fields = Readonly<Record<string, unknown>>
type Check = (value: unknown) => boolean

/** Far above our own; what nests deeper would exhaust the stack of any code that walks through it. */
const MAX_DEPTH = 64
const NO_INSTRUMENT = 0xffffffff

const text: Check = (value) => typeof value === 'string'
const number: Check = (value) => Number.isFinite(value)
const whole: Check = (value) => Number.isSafeInteger(value)
const instrument: Check = (value) => whole(value) && Number(value) >= 0 && Number(value) < NO_INSTRUMENT
const oneOf =
  (...values: unknown[]): Check =>
  (value) =>
    values.includes(value)
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const each =
  (check: Check): Check =>
  (value) =>
    isFields(value) && Object.values(value).every(check)
const isFiniteNumber: Check = (value) => Number.isFinite(value)
const section: Check = (value) => isFields(value) && isShallow(value, MAX_DEPTH)

// Numbers are not judged: what a gateway said of a contract is recorded as it came, and must be read back.
const NAMED = { symbol: text, currency: text }
const DATED = { ...NAMED, expiry: text, tradingClass: text }
const CONTRACTS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  stock: NAMED,
  index: { ...NAMED, venue: text },
  future: { ...DATED, venue: text },
  option: { ...DATED, right: oneOf('C', 'P') },
}
const contract: Check = (value) => {
  if (!section(value)) return false
  const fields = value as Fields
  const checks = Object.entries(CONTRACTS).find(([kind]) => kind === fields['kind'])?.[1]
  return checks !== undefined && wrongField(fields, checks) === undefined
}

const sizeUnit: Check = (value) =>
  isFields(value) &&
  wrongField(value, { unit: oneOf('shares', 'lots'), how: oneOf('stated', 'inferred'), evidence: optional(text) }) === undefined
const stockSizes: Check = (value) =>
  isFields(value) && wrongField(value, { groups: each(sizeUnit), lots: each(isFiniteNumber) }) === undefined

const CHECKS: Readonly<Record<ControlKind, Readonly<Record<string, Check>>>> = {
  contract: { instrument, contract },
  line: {
    instrument,
    event: oneOf('opened', 'closed', 'missing'),
    feed: optional(oneOf('tick-by-tick-trades', 'tick-by-tick-quotes', 'option-chain')),
    openedSeq: whole,
    openedTsUs: whole,
    untilTsUs: optional(whole),
    cause: optional(text),
  },
  gap: { fromTsUs: whole, toTsUs: whole, cause: text, instrument: optional(instrument), droppedTicks: optional(whole) },
  config: { config: section },
  session: {
    event: oneOf('started', 'alive', 'interrupted', 'sizes', 'ended'),
    cause: optional(text),
    fromTsUs: optional(whole),
    detail: optional(section),
    sizes: optional(stockSizes),
  },
  carry: { asOf: text, source: text, input: oneOf('rates', 'dividends', 'borrow') },
}

const listOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    Array.isArray(value) && value.every((one) => isFields(one) && wrongField(one, checks) === undefined)
const CARRY: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  rates: { currency: text, points: listOf({ days: number, rate: number }) },
  dividends: { instrument, payments: listOf({ exDate: text, amount: number }), yield: optional(number) },
  borrow: { instrument, rate: number },
}

/** The first field that is not what a record of this kind holds, or undefined: `contract`. */
export function wrongControlField(kind: ControlKind, value: unknown): string | undefined {
  if (!isFields(value)) return 'everything'
  const wrong = wrongField(value, CHECKS[kind])
  return wrong ?? (kind === 'carry' ? wrongField(value, CARRY[String(value['input'])] ?? {}) : undefined)
}

function wrongField(fields: Fields, checks: Readonly<Record<string, Check>>): string | undefined {
  return Object.keys(checks).find((name) => !checks[name]?.(Object.hasOwn(fields, name) ? fields[name] : undefined))
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((inner) => isShallow(inner, depth - 1))
}
