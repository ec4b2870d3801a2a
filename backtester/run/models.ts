/** The models of a run by their names: `mid:0.5`, `percent:0.1`. A name with what it is given is what a result keeps; the model is made of it again. */

import { z } from 'zod'

import type { FeeSchedule } from '../../market/arbitrage/fees.ts'
import { ConfigError } from '../../market/errors.ts'
import type { Models } from '../engine/engine.ts'
import * as fees from '../engine/models/fees/fees.ts'
import { ibFixed, ibTiered } from '../engine/models/fees/ib.ts'
import { barNextOpen } from '../engine/models/fill/bar-next-open.ts'
import { mid } from '../engine/models/fill/mid.ts'
import { touch } from '../engine/models/fill/touch.ts'
import * as financing from '../engine/models/financing/financing.ts'
import * as latency from '../engine/models/latency/latency.ts'
import { cash } from '../engine/models/margin/cash.ts'
import type { MarginModel } from '../engine/models/margin/margin.ts'
import { regT } from '../engine/models/margin/reg-t.ts'
import { impact } from '../engine/models/slippage/impact.ts'
import * as slippage from '../engine/models/slippage/slippage.ts'
import { seededRandom } from '../metrics/random.ts'
import type { ChosenModel, RunSettings } from './result.ts'

/** What a model may need beside its own parameters. */
interface Means {
  /** Uniform from 0 to below 1, seeded. */
  random: () => number
  schedules: readonly FeeSchedule[]
}

interface Kind<Model> {
  /** Its parameters in the order in which they are written behind the name. */
  params: readonly { name: string; schema: z.ZodType<number> }[]
  make(params: Readonly<Record<string, number>>, means: Means): Model
}

type Kinds<Model> = Readonly<Record<string, Kind<Model>>>

const amount = z.number().min(0)
const value = (params: Readonly<Record<string, number>>, name: string) => params[name] ?? Number.NaN

const FILL: Kinds<Models['fill']> = {
  touch: { params: [], make: touch },
  mid: {
    params: [{ name: 'probability', schema: z.number().min(0).max(1) }],
    make: (params, { random }) => mid({ probability: value(params, 'probability'), random }),
  },
  'bar-next-open': { params: [], make: barNextOpen },
}
const LATENCY: Kinds<Models['latency']> = {
  none: { params: [], make: latency.none },
  fixed: {
    params: [
      { name: 'feedMs', schema: amount },
      { name: 'orderMs', schema: amount },
    ],
    make: (params) => latency.fixed({ feedMs: value(params, 'feedMs'), orderMs: value(params, 'orderMs') }),
  },
}
const basisPoints = [{ name: 'basisPoints', schema: amount }]
const SLIPPAGE: Kinds<Models['slippage']> = {
  none: { params: [], make: slippage.none },
  linear: { params: basisPoints, make: (params) => slippage.linear({ basisPoints: value(params, 'basisPoints') }) },
  'square-root': { params: basisPoints, make: (params) => slippage.squareRoot({ basisPoints: value(params, 'basisPoints') }) },
  impact: {
    params: [{ name: 'volatility', schema: amount }],
    make: (params) => impact({ volatility: value(params, 'volatility') }),
  },
}
const FEES: Kinds<Models['fees']> = {
  none: { params: [], make: fees.none },
  percent: {
    params: [{ name: 'percent', schema: amount }],
    make: (params) => fees.percent({ percent: value(params, 'percent') }),
  },
  /** The dated schedules of the settings: `arbitrage.fees`. */
  schedule: { params: [], make: (_params, { schedules }) => fees.schedule({ schedules }) },
  'ib-fixed': { params: [], make: ibFixed },
  'ib-tiered': { params: [], make: ibTiered },
}
const MARGIN: Kinds<MarginModel | undefined> = {
  'reg-t': { params: [], make: regT },
  cash: { params: [], make: cash },
  none: { params: [], make: () => undefined },
}
const FINANCING: Kinds<financing.FinancingModel> = {
  none: { params: [], make: financing.none },
  fixed: {
    params: ['credit', 'debit', 'borrow'].map((name) => ({ name, schema: z.number() })),
    make: (params) => financing.fixed({ credit: value(params, 'credit'), debit: value(params, 'debit'), borrow: value(params, 'borrow') }),
  },
  benchmark: {
    params: ['below', 'above', 'borrow'].map((name) => ({ name, schema: z.number() })),
    make: (params) =>
      financing.benchmark({ below: value(params, 'below'), above: value(params, 'above'), borrow: value(params, 'borrow') }),
  },
}

const KINDS = { fill: FILL, latency: LATENCY, slippage: SLIPPAGE, fees: FEES, margin: MARGIN, financing: FINANCING }
export type ModelKind = keyof typeof KINDS

/** For help and errors: `touch, mid:PROBABILITY`. */
function modelsOf(kind: ModelKind): string {
  return Object.entries<Kind<unknown>>(KINDS[kind])
    .map(([name, { params }]) => [name, params.map((param) => param.name).join(',')].filter((part) => part !== '').join(':'))
    .join(', ')
}

/** @throws ConfigError for a model that is not there, or values that do not fit it */
export function chooseModel(kind: ModelKind, text: string): ChosenModel {
  const [name = '', values] = text.split(':', 2)
  const found = Object.hasOwn(KINDS[kind], name) ? (KINDS[kind] as Kinds<unknown>)[name] : undefined
  const given = values === undefined ? [] : values.split(',')
  const numbers = given.map((one) => (one.trim() === '' ? Number.NaN : Number(one)))
  const fits = found?.params.length === given.length && found.params.every(({ schema }, i) => schema.safeParse(numbers[i]).success)
  if (!found || !fits) throw new ConfigError(`--${kind}: expected ${modelsOf(kind)}, found ${text}.`, { code: 'run-model' })
  return { name, params: Object.fromEntries(found.params.map((param, i) => [param.name, numbers[i]])) }
}

/** @throws ConfigError for a model of quotes where there are bars, or the other way round: what it is given would count for nothing */
export function refuseUnfit({ fill: { name, data } }: Models, found: 'quotes' | 'bars'): void {
  if (data === undefined || data === found) return
  const fitting = found === 'bars' ? 'touch or bar-next-open' : 'touch or mid:PROBABILITY'
  throw new ConfigError(`--fill: ${name} trades against ${data}, and this data has ${found}. Choose ${fitting}.`, { code: 'run-model' })
}

/** @param settings as `chooseModel` made them */
export function makeModels({ seed, models }: RunSettings, schedules: readonly FeeSchedule[]): Models {
  const means = { random: seededRandom(seed), schedules }
  const make = <Model>(kinds: Kinds<Model>, { name, params }: ChosenModel): Model => {
    const kind = kinds[name]
    if (!kind) throw new Error(`there is no model ${name}`)
    return kind.make(params as Readonly<Record<string, number>>, means)
  }
  return {
    fill: make(FILL, models.fill),
    latency: make(LATENCY, models.latency),
    slippage: make(SLIPPAGE, models.slippage),
    fees: make(FEES, models.fees),
    margin: models.margin && make(MARGIN, models.margin),
    financing: models.financing && make(FINANCING, models.financing),
  }
}
