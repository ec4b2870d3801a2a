/**
 * The settings: their names, their defaults and what they accept. Every `error` here completes the sentence
 * "expected …, found …" that config/load.ts writes.
 */

import { z } from 'zod'
import { parseSize } from './size.ts'

const text = (expected = 'a text') => z.string({ error: expected }).min(1, { error: expected })

function integer(from: number, to: number, why = '') {
  const error = `an integer from ${from} to ${to}${why}`
  return z.int({ error }).min(from, { error }).max(to, { error })
}

function positive(what: string) {
  const error = `a number above 0 (${what})`
  return z.number({ error }).positive({ error })
}

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `${values.slice(0, -1).join(', ')} or ${values.at(-1)}` })

const section = <T extends z.core.$ZodLooseShape>(shape: T) => z.strictObject(shape, { error: 'a section of settings' })

const list = <T extends z.core.SomeType>(element: T, of: string) => z.array(element, { error: `a list of ${of}` })

const databaseUrl = z.string({ error: 'a URL like postgres://user:password@host:5432/name' }).refine(isPostgresUrl, {
  error: 'a URL like postgres://user:password@host:5432/name (special characters in the password percent-encoded, # as %23)',
})

function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hash } = new URL(text)
  return (protocol === 'postgres:' || protocol === 'postgresql:') && hash === ''
}

const size = z.union([z.number(), z.string()], { error: 'a size' }).transform((value, context) => {
  const bytes = parseSize(value)
  if (bytes !== undefined && bytes >= 65_536 && bytes <= 2 ** 30) return bytes
  context.issues.push({ code: 'custom', input: value, message: 'a size from 64KiB to 1GiB, like 64MiB' })
  return z.NEVER
})

const strikes = z.union([z.literal('all'), section({ rangePercent: positive('percent of the price on either side') })], {
  error: 'all, or a section like { rangePercent: 20 }',
})

const expiryDays = integer(0, 3650)

/** As IB writes it: capitals, digits, and a space or a dot within (`BRK B`). */
const ticker = z
  .string({ error: 'a ticker like AAPL' })
  .regex(/^[A-Z0-9]+(?:[ ./-][A-Z0-9]+)*$/, { error: 'a ticker in capitals, as IB writes it (AAPL, BRK B)' })

const underlying = section({
  symbol: ticker,
  currency: z
    .string({ error: 'a currency like USD' })
    .regex(/^[A-Z]{3}$/, { error: 'a currency like USD' })
    .default('USD'),
  exchange: text('an exchange as IB names it').default('SMART'),
  primaryExchange: text('an exchange as IB names it').optional(),
  strikes: strikes.optional(),
  expiryDays: expiryDays.optional(),
  tradingClasses: list(text('a trading class like SPXW'), 'trading classes').optional(),
})

/** Runs beside other mistakes, so that the elements may be anything. */
function refuseRepetition(
  underlyings: readonly Partial<{ symbol: string; currency: string } | undefined>[],
  context: z.RefinementCtx,
): void {
  const keys = underlyings.map((own) => (own?.symbol === undefined ? undefined : `${own.symbol} ${own.currency ?? 'USD'}`))
  for (const [index, key] of keys.entries()) {
    const first = keys.indexOf(key)
    if (key === undefined || first === index) continue
    const message = `every underlying once (${key} is universe.underlyings[${first}] already)`
    context.addIssue({ code: 'custom', path: [index, 'symbol'], message })
  }
}

const universe = section({
  strikes: strikes.default({ rangePercent: 20 }),
  expiryDays: expiryDays.default(60),
  underlyings: list(underlying, 'underlyings')
    .superRefine(refuseRepetition, { when: ({ value }) => Array.isArray(value) })
    .default([]),
}).transform(({ underlyings, ...defaults }) => ({
  ...defaults,
  underlyings: underlyings.map((own) => ({
    ...own,
    strikes: own.strikes ?? defaults.strikes,
    expiryDays: own.expiryDays ?? defaults.expiryDays,
  })),
}))

/** The whole configuration file. `dataDir` has no default here: it depends on the machine and config/load.ts gives it. */
export const configSchema = section({
  dataDir: text('the path of a folder'),
  database: section({
    url: databaseUrl.optional(),
    lanes: integer(1, 8).default(2),
    batchRows: integer(1, 100_000).default(1000),
    batchMs: integer(10, 60_000).default(100),
  }).prefault({}),
  gateway: section({
    host: text('a host name or address').default('127.0.0.1'),
    port: integer(1, 65_535, ' (TWS listens on 7496 live and 7497 paper, IB Gateway on 4001 and 4002)').default(7497),
    clientId: integer(1, 999_999, ' (0 is refused: it would be handed the orders placed by hand in TWS)').default(87),
    clock: oneOf(['wall', 'gateway']).default('wall'),
    handshakeTimeoutMs: integer(100, 120_000).default(8000),
    heartbeatMs: integer(2000, 300_000).default(10_000),
    messagesPerSecond: integer(1, 45, ' (IB takes 50)').default(40),
    lines: integer(1, 10_000).default(100),
    marketDataType: oneOf(['live', 'frozen', 'delayed', 'delayed-frozen']).default('live'),
    genericTicks: list(integer(1, 999), 'generic tick numbers').default([100, 101, 106, 233, 236, 456]),
  }).prefault({}),
  universe: universe.prefault({}),
  rules: section({
    maxSpreadPercent: positive('percent of the middle of bid and ask').default(100),
    disabled: list(text('the name of a rule'), 'rule names').default([]),
  }).prefault({}),
  journal: section({
    fsyncMs: integer(1, 1000).default(50),
    segmentBytes: size.default(64 * 2 ** 20),
    keepDays: integer(0, 3650).default(7),
  }).prefault({}),
  metrics: z
    .union(
      [
        z.literal('off'),
        section({
          host: text('a host name or address').default('127.0.0.1'),
          port: integer(0, 65_535, ' (0 takes any free one)').default(9464),
        }),
      ],
      {
        error: 'off, or a section with host and port',
      },
    )
    .prefault({}),
  log: section({ level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info') }).prefault({}),
})

/** The effective settings. */
export type TapedeckConfig = z.output<typeof configSchema>

/** What a part of the configuration is, for messages about it. */
export type Container = { kind: 'section'; names: string[] } | { kind: 'list' }

/** The section or list that `path` names in the schema; undefined for single values and for what the schema does not know. */
export function containerAt(path: readonly PropertyKey[]): Container | undefined {
  let schema = unwrap(configSchema)
  for (const key of path) {
    const { def } = schema._zod
    const next =
      def.type === 'object'
        ? (def as z.core.$ZodObjectDef).shape[key as string]
        : def.type === 'array'
          ? (def as z.core.$ZodArrayDef).element
          : undefined
    if (!next) return undefined
    schema = unwrap(next)
  }
  const { def } = schema._zod
  if (def.type === 'object') return { kind: 'section', names: Object.keys((def as z.core.$ZodObjectDef).shape) }
  return def.type === 'array' ? { kind: 'list' } : undefined
}

/** Strips defaults, transformations and the scalar alternatives of a union. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const { def } = schema._zod
  if ('innerType' in def) return unwrap(def.innerType as z.core.$ZodType)
  if (def.type === 'pipe') return unwrap((def as z.core.$ZodPipeDef).in)
  const options = def.type === 'union' ? (def as z.core.$ZodUnionDef).options : []
  return options.find((option) => option._zod.def.type === 'object') ?? schema
}
