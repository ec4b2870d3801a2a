/**
 * The settings: their names, their defaults and what they accept. Every `error` here completes the sentence
 * "expected …, found …" that config/load.ts writes; every description is what an editor shows (config/json-schema.ts).
 */

import { z } from 'zod'
import { DETECTORS } from '../market/arbitrage/detectors/index.ts'
import { arbitrageSchema } from '../market/arbitrage/settings.ts'
import { parseBarLength } from '../market/bar.ts'
import { CALENDAR_CODES } from '../market/calendar/calendars.ts'
import { RULES } from '../market/rules/index.ts'
import { configuredRulesSchema } from '../market/rules/settings.ts'
import { createZone, isDate } from '../market/time.ts'
import { integer, list, oneOf, positive, section, text, ticker } from './elements.ts'
import { parseSize } from './size.ts'
import { universe } from './universe-schema.ts'

const databaseUrl = z.string({ error: 'a URL like postgres://user:password@host:5432/name' }).refine(isPostgresUrl, {
  error: 'a URL like postgres://user:password@host:5432/name (special characters in the password percent-encoded, # as %23)',
})

function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hash } = new URL(text)
  return (protocol === 'postgres:' || protocol === 'postgresql:') && hash === ''
}

function size(fits: (bytes: number) => boolean, message: string) {
  return z.union([z.number(), z.string()], { error: 'a size' }).transform((value, context) => {
    const bytes = parseSize(value)
    if (bytes !== undefined && fits(bytes)) return bytes
    context.issues.push({ code: 'custom', input: value, message })
    return z.NEVER
  })
}

const sizeFrom = (from: number, name: string) => size((bytes) => bytes >= from, `a size of ${name} or more, like 1GiB`)

const annualRate = (example: string) => {
  const error = `an annual rate from -0.5 to 1, such as ${example}`
  return z.number({ error }).min(-0.5, { error }).max(1, { error })
}

const dividend = section({
  exDate: z.string({ error: 'a date as YYYY-MM-DD' }).refine(isDate, { error: 'a date as YYYY-MM-DD' }).describe('Ex-date, YYYY-MM-DD.'),
  amount: positive('per share').describe('Per share, in the currency of the underlying.'),
})

const underlyingCarry = section({
  symbol: ticker.describe('The underlying.'),
  currency: z
    .string({ error: 'a currency like USD' })
    .regex(/^[A-Z]{3}$/, { error: 'a currency like USD' })
    .default('USD')
    .describe('Currency of the underlying.'),
  dividends: list(dividend, 'dividends').optional().describe('What it is going to pay. []: nothing. Absent: not known.'),
  borrow: annualRate('0.0025 (0.25 %)').optional().describe('Annual fee for borrowing it, 0.0025 is 0.25 %. Absent: not known.'),
})

const clockTime = () => {
  const error = 'a time like 22:00'
  return z.string({ error }).regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error })
}

const webhook = z.union(
  [
    z.literal('off'),
    section({
      url: z
        .url({ protocol: /^https?$/, error: 'an address like https://example.com/hook' })
        // `fetch` refuses them.
        .refine((url) => !hasLogin(url), { error: 'an address without user and password' })
        .describe('Address that takes the messages.'),
      perHour: integer(1, 3600).default(10).describe('Most messages in any hour. What is held back is counted in the next one.'),
      quietHours: section({
        from: clockTime().describe('Beginning, as HH:MM.'),
        to: clockTime().describe('End, as HH:MM; before the beginning: over midnight.'),
      })
        .optional()
        .describe('No messages from one time of day to another. Default: none.'),
      timeZone: text('a time zone like America/New_York')
        .refine(isTimeZone, { error: 'a time zone like America/New_York' })
        .default('America/New_York')
        .describe('Time zone of the quiet hours.'),
    }),
  ],
  { error: 'off, or a section with url' },
)

function hasLogin(url: string): boolean {
  const { username, password } = new URL(url)
  return username !== '' || password !== ''
}

function isTimeZone(name: string): boolean {
  try {
    createZone(name)
    return true
  } catch {
    return false
  }
}

/** Seconds that a word of an interval stands for. */
const INTERVAL_UNITS: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 }

function interval(fromSeconds: number, least: string) {
  const error = `off, or a time like 7 days, 12 hours or 30 minutes, of ${least} or more`
  return z.string({ error }).refine((text) => text === 'off' || intervalSeconds(text) >= fromSeconds, { error })
}

function intervalSeconds(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4}) (minute|hour|day)s?$/.exec(text) ?? []
  return Number(count) * (INTERVAL_UNITS[unit ?? ''] ?? Number.NaN)
}

const retained = (what: string) => interval(3600, '1 hour').default('off').describe(`${what}: kept for so long. off: for ever.`)

const storage = section({
  edition: oneOf(['any', 'apache', 'community'])
    .default('any')
    .describe('The least that the database must be capable of: any, apache (TimescaleDB) or community (TimescaleDB Community).'),
  ticksPerSecond: positive('ticks in a second of trading')
    .optional()
    .describe('Ticks expected in a second of trading; decides how long a chunk is. Default: chunks of a day, or what was set by hand.'),
  compressAfter: interval(60, '1 minute')
    .default('7 days')
    .describe('Chunks are compressed when their rows are so old, or off. TimescaleDB Community only.'),
  retention: section({
    quotes: retained('Quotes'),
    trades: retained('Trades'),
    option_greeks: retained('Greeks of options'),
    statistics: retained('Figures of the day'),
    findings: retained('What the rules found'),
  })
    .prefault({})
    .describe('How long rows are kept, by table: TimescaleDB Community drops older chunks by itself. Nothing is dropped unless said here.'),
})

const columnName = text('the name of a column').optional()

const barFormat = section({
  name: text('a name').describe('What --format calls it; also the source of its bars, unless that is given.'),
  source: text('a name').optional().describe('Who published it. Default: the name.'),
  kind: oneOf(['stock', 'index']).default('stock').describe('What the symbols are.'),
  currency: z
    .string({ error: 'a currency like USD' })
    .regex(/^[A-Z]{3}$/, { error: 'a currency like USD' })
    .default('USD')
    .describe('Currency of the prices.'),
  calendar: z
    .enum(CALENDAR_CODES, { error: `a market of ${CALENDAR_CODES.join(', ')}` })
    .default('XNYS')
    .describe('Market whose clocks and sessions the rows follow.'),
  length: z
    .string({ error: 'a length like 1d, 1h or 5m' })
    .refine((length) => parseBarLength(length) !== undefined, { error: 'a length like 1d, 1h or 5m' })
    .default('1d')
    .describe('Length of a bar: 1d, 1h, 5m, 30s.'),
  stamp: oneOf(['start', 'end']).default('start').describe('Whether the time of a bar is its begin or its end.'),
  dateFormat: text('a format like MM/DD/YYYY').optional().describe('Like MM/DD/YYYY HH:mm. Default: ISO 8601.'),
  symbol: text('a symbol').optional().describe('Symbol of every row, where there is no column for it.'),
  columns: section({
    symbol: columnName.describe('Column of the symbol.'),
    date: columnName.describe('Column of the date, or of date and time.'),
    open: columnName.describe('Column of the open.'),
    high: columnName.describe('Column of the high.'),
    low: columnName.describe('Column of the low.'),
    close: columnName.describe('Column of the close, as traded and not adjusted.'),
    volume: columnName.describe('Column of the volume.'),
    vwap: columnName.describe('Column of the average price.'),
    trades: columnName.describe('Column of the number of trades.'),
    dividend: columnName.describe('Column of the dividend per share on its ex-date.'),
    split: columnName.describe('Column of the shares after a split for each share before, on its ex-date.'),
  })
    .prefault({})
    .describe("The file's names of columns, where they are not common ones."),
})

/** The whole configuration file. `dataDir` has no default here: it depends on the machine and config/load.ts gives it. */
export const configSchema = section({
  dataDir: text('the path of a folder').describe(
    'Where journals, tapes and the embedded database are kept. A relative path starts at this file. Environment: TAPEDECK_DATA_DIR.',
  ),
  database: section({
    url: databaseUrl
      .optional()
      .describe('PostgreSQL or TimescaleDB to write to; without it a private PostgreSQL runs below dataDir. Environment: DATABASE_URL.'),
    passwordCommand: text('a command')
      .optional()
      .describe('A command of the shell that prints the password, run for each connection. Environment: DB_PASSWORD_COMMAND.'),
    passwordFile: text('the path of a file')
      .optional()
      .describe('A file that holds the password, read for each connection. Environment: DB_PASSWORD_FILE.'),
    lanes: integer(1, 8).default(2).describe('Connections that write at the same time.'),
    batchRows: integer(1, 100_000).default(4000).describe('A batch is written when it holds so many rows.'),
    batchMs: integer(10, 60_000)
      .default(100)
      .describe('A batch is written when it is so many milliseconds old. Environment: COLLECTION_INTERVAL_MS.'),
  })
    .prefault({})
    .describe('Where ticks are written.'),
  storage: storage
    .prefault({})
    .describe('How the database keeps ticks: docs/storage.md. `tapedeck db plan` shows what a change here does.'),
  gateway: section({
    host: text('a host name or address').default('127.0.0.1').describe('Where TWS or IB Gateway listens. Environment: IB_HOST.'),
    port: integer(1, 65_535, ' (TWS listens on 7496 live and 7497 paper, IB Gateway on 4001 and 4002)')
      .default(7497)
      .describe('TWS: 7496 live, 7497 paper. IB Gateway: 4001 live, 4002 paper. Environment: IB_PORT.'),
    clientId: integer(1, 999_999, ' (0 is refused: it would be handed the orders placed by hand in TWS)')
      .default(87)
      .describe('Each program connected to one TWS needs its own. Environment: IB_CLIENT_ID.'),
    clock: oneOf(['wall', 'gateway'])
      .default('wall')
      .describe('Whose time stamps the ticks: of this machine, or the one that a replay gateway publishes.'),
    handshakeTimeoutMs: integer(100, 120_000).default(8000).describe('How long the gateway may take to greet.'),
    heartbeatMs: integer(2000, 300_000).default(10_000).describe('How often the gateway must give a sign of life.'),
    messagesPerSecond: integer(1, 500)
      .default(40)
      .describe(
        'Most messages sent to the gateway in a second. Never more than 0.4 x lines, as IB takes half as many as the account has lines.',
      ),
    lines: integer(1, 10_000).default(100).describe('Market-data lines of your account. Never more are open at once.'),
    marketDataType: oneOf(['live', 'frozen', 'delayed', 'delayed-frozen'])
      .default('live')
      .describe('What IB is asked for. Delayed data is recorded only with delayed or delayed-frozen, and marked as such.'),
    stockSizes: oneOf(['shares', 'lots', 'detect'])
      .default('detect')
      .describe('In which unit TWS sends the sizes of US stocks, when you know it; detect finds it out from the data.'),
    genericTicks: list(integer(1, 999), 'generic tick numbers')
      .default([100, 101, 106, 233, 236, 456])
      .describe("IB's numbers of the extra figures asked for with every line."),
    others: list(
      section({
        host: text('a host name or address').optional().describe('Where it listens. Default: gateway.host.'),
        port: integer(1, 65_535).optional().describe('Default: gateway.port.'),
        clientId: integer(1, 999_999).optional().describe('Default: gateway.clientId.'),
        lines: integer(1, 10_000).optional().describe('Market-data lines of its account. Default: gateway.lines.'),
      }),
      'connections',
    )
      .default([])
      .describe(
        'Further connections, each of another account: contracts are divided over all of them, and move when one is gone: docs/lines.md.',
      ),
  })
    .prefault({})
    .describe('The connection to TWS or IB Gateway.'),
  universe: universe.prefault({}).describe('What is recorded.'),
  lines: section({
    rotation: oneOf(['on', 'off'])
      .default('on')
      .describe('With more contracts than lines: on watches the others in turn, off never, but only the nearest to the money.'),
    coreStrikes: integer(0, 100)
      .default(2)
      .describe('So many strikes of each expiry, the nearest to the money, always hold lines, both rights of each.'),
    corePercent: integer(0, 100)
      .default(60)
      .describe(
        'Most of the lines that these strikes may have, in percent; the nearest one of each expiry may have 80. The rest take turns.',
      ),
    minimumHoldSeconds: integer(15, 3600)
      .default(15)
      .describe('How long each contract is watched at a turn. IB keeps a cancelled line for 15 s: shorter ones bring nothing new.'),
    seenEveryMinutes: integer(1, 1440)
      .default(15)
      .describe('Each contract is to be seen once in so many minutes. What is not has a gap, with the cause unseen.'),
  })
    .prefault({})
    .describe('How market-data lines are shared when more contracts are wanted than there are lines: docs/lines.md.'),
  repair: section({
    gaps: oneOf(['auto', 'on', 'off'])
      .default('auto')
      .describe(
        "Whether trades of stocks that fell into gaps are filled from IB's history: on, off, or auto: on, but not with gateway.clock: gateway.",
      ),
    requests: integer(1, 60)
      .default(15)
      .describe('Most requests for that in ten minutes. IB allows 60 over all programs of a login, charts of TWS included.'),
  })
    .prefault({})
    .describe('How gaps are filled while recording: docs/gaps.md.'),
  rules: configuredRulesSchema(RULES)
    .prefault({})
    .describe('How ticks are judged: each rule by its name, or off. A rule of your own names its file.'),
  carry: section({
    rate: annualRate('0.04 (4 %)').default(0.04).describe('Annual interest rate, continuously compounded: 0.04 is 4 %.'),
    underlyings: list(underlyingCarry, 'underlyings')
      .default([])
      .describe('Dividends and borrow fees of underlyings, where the database has none.'),
  })
    .prefault({})
    .describe('What holding an underlying costs, for option values that are computed and for the detectors of arbitrage.'),
  arbitrage: arbitrageSchema(DETECTORS).prefault({}).describe('What the detectors of arbitrage look for: docs/arbitrage.md.'),
  webhook: webhook.default('off').describe('Where opportunities that open are posted as JSON, or off.'),
  bars: section({
    formats: list(barFormat, 'formats').default([]).describe('Files of bars that `tapedeck bars import --format` knows by name.'),
  })
    .prefault({})
    .describe('How files of bars are read.'),
  journal: section({
    fsyncMs: integer(1, 1000)
      .default(50)
      .describe('What the journal holds is forced to disk this often: the most that a power cut can take.'),
    segmentBytes: size((bytes) => bytes >= 65_536 && bytes <= 2 ** 30, 'a size from 64KiB to 1GiB, like 64MiB')
      .default(64 * 2 ** 20)
      .describe('A new file is begun at this size, 64KiB to 1GiB. Default: 64MiB.'),
    limitBytes: sizeFrom(2 ** 20, '1MiB')
      .default(16 * 2 ** 30)
      .describe(
        'Most that may wait for the database, 1MiB or more. At this size ticks are dropped, counted and named by a gap. Default: 16GiB.',
      ),
    memoryBytes: sizeFrom(2 ** 20, '1MiB')
      .default(256 * 2 ** 20)
      .describe('Most that may wait in memory while the disk takes nothing, 1MiB or more; then ticks are dropped. Default: 256MiB.'),
    minFreeBytes: sizeFrom(0, '0')
      .default(256 * 2 ** 20)
      .describe('The journal leaves so much of its disk free, so that a database there can go on. Default: 256MiB.'),
    keepDays: integer(0, 3650)
      .default(7)
      .describe('Days that files stay after everything in them is in the database; fewer when the disk is full.'),
  })
    .prefault({})
    .describe('The files that hold every tick before the database has it.'),
  metrics: z
    .union(
      [
        z.literal('off'),
        section({
          host: text('a host name or address').default('127.0.0.1').describe('Address to listen on.'),
          port: integer(0, 65_535, ' (0 takes any free one)').default(9464).describe('0 takes any free one.'),
          maxLagMs: integer(1000, 86_400_000)
            .default(60_000)
            .describe('/readyz says no while the database is behind by more than this, in milliseconds.'),
        }),
      ],
      {
        error: 'off, or a section with host and port',
      },
    )
    .prefault({})
    .describe('Where /metrics, /healthz, /readyz, /status and /universe are served, or off.'),
  log: section({
    level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .describe('The least that is logged. Environment: LOG_LEVEL.'),
  })
    .prefault({})
    .describe('What is logged.'),
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
