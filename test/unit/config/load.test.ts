import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultDataDir, loadConfig } from '../../../config/load.ts'
import { configSchema } from '../../../config/schema.ts'
import { DETECTORS } from '../../../market/arbitrage/detectors/index.ts'
import { arbitrageSettings } from '../../../market/arbitrage/settings.ts'
import { RULES } from '../../../market/rules/index.ts'
import { defaultSettings } from '../../../market/rules/settings.ts'
import { rulesExample } from '../../support/rules-example.ts'
import { failure, folderWith, type Given, load, problems, settings } from '../../support/process/config.ts'

const NO_FILTERS = {
  minExpiryDays: 0,
  expiries: 'all',
  rights: 'both',
  excludeTradingClasses: [],
  adjusted: 'exclude',
  minOpenInterest: 0,
  minVolume: 0,
}

describe('settings without a file', () => {
  it('are the defaults', () => {
    expect(settings({})).toEqual({
      dataDir: '/home/pat/.local/share/tapedeck',
      database: { lanes: 2, batchRows: 4000, batchMs: 100 },
      storage: {
        edition: 'any',
        compressAfter: '7 days',
        retention: { quotes: 'off', trades: 'off', option_greeks: 'off', statistics: 'off', findings: 'off' },
      },
      gateway: {
        host: '127.0.0.1',
        port: 7497,
        clientId: 87,
        clock: 'wall',
        handshakeTimeoutMs: 8000,
        heartbeatMs: 10_000,
        messagesPerSecond: 40,
        lines: 100,
        marketDataType: 'live',
        stockSizes: 'detect',
        genericTicks: [100, 101, 106, 233, 236, 456],
        others: [],
      },
      universe: { strikes: { rangePercent: 20 }, expiryDays: 60, ...NO_FILTERS, tickByTick: true, underlyings: [] },
      lines: { rotation: 'on', coreStrikes: 2, corePercent: 60, minimumHoldSeconds: 15, seenEveryMinutes: 15 },
      repair: { gaps: 'auto', requests: 15 },
      rules: defaultSettings(RULES),
      carry: { rate: 0.04, underlyings: [] },
      arbitrage: {
        ...arbitrageSettings(),
        preset: 'balanced',
        detectors: Object.fromEntries(DETECTORS.map(({ name }) => [name, 'on'])),
      },
      webhook: 'off',
      bars: { formats: [] },
      journal: {
        fsyncMs: 50,
        segmentBytes: 67_108_864,
        limitBytes: 17_179_869_184,
        memoryBytes: 268_435_456,
        minFreeBytes: 268_435_456,
        keepDays: 7,
      },
      metrics: { host: '127.0.0.1', port: 9464, maxLagMs: 60_000 },
      log: { level: 'info' },
    })
  })
})

describe('the data directory', () => {
  it('is below /var/lib for root', () => {
    expect(defaultDataDir({ HOME: '/root', XDG_DATA_HOME: '/x' }, true)).toBe('/var/lib/tapedeck')
  })

  it('follows XDG_DATA_HOME when that is absolute', () => {
    expect(defaultDataDir({ HOME: '/home/pat', XDG_DATA_HOME: '/data' }, false)).toBe('/data/tapedeck')
    expect(defaultDataDir({ HOME: '/home/pat', XDG_DATA_HOME: 'data' }, false)).toBe('/home/pat/.local/share/tapedeck')
  })

  it("is below the user's home even when HOME is not set", () => {
    expect(defaultDataDir({}, false)).toBe(join(homedir(), '.local/share/tapedeck'))
    expect(defaultDataDir({ HOME: '' }, false)).toBe(join(homedir(), '.local/share/tapedeck'))
  })

  it('is relative to the file that names it, and to the working folder otherwise', () => {
    const cwd = folderWith()
    mkdirSync(join(cwd, 'etc'))
    writeFileSync(join(cwd, 'etc/my.yaml'), 'dataDir: tape')
    const options = { cwd, file: 'etc/my.yaml', asRoot: false }
    expect(loadConfig({ ...options, env: {} }).config.dataDir).toBe(join(cwd, 'etc/tape'))
    expect(loadConfig({ ...options, env: { TAPEDECK_DATA_DIR: 'other' } }).config.dataDir).toBe(join(cwd, 'other'))
    expect(loadConfig({ ...options, env: {}, overrides: { dataDir: './third' } }).config.dataDir).toBe(join(cwd, 'third'))
  })

  it('may begin with the home folder', () => {
    expect(settings({ yaml: 'dataDir: ~/tape' }).dataDir).toBe('/home/pat/tape')
  })
})

describe('the layers', () => {
  const yaml = 'gateway: { host: a, port: 1, clientId: 1 }'

  it('are the file, the environment over it and the command line over both', () => {
    const given = { yaml, env: { IB_PORT: '2', IB_CLIENT_ID: '2' }, overrides: { gateway: { clientId: 3 } } }
    expect(settings(given).gateway).toMatchObject({ host: 'a', port: 2, clientId: 3 })
  })

  it('say where every setting comes from', () => {
    const { sourceOf } = load({ yaml, env: { IB_PORT: '2', IB_CLIENT_ID: '2' }, overrides: { gateway: { clientId: 3 } } })
    expect(['host', 'port', 'clientId', 'lines'].map((key) => sourceOf(['gateway', key]))).toEqual([
      'tapedeck.yaml:1:18',
      'environment IB_PORT',
      'command line',
      'default',
    ])
  })

  it('ignore variables that are empty and options that are undefined', () => {
    expect(settings({ yaml, env: { IB_PORT: '', DB_PASSWORD: '' }, overrides: { gateway: { host: undefined } } })).toMatchObject({
      gateway: { host: 'a', port: 1 },
      database: {},
    })
    expect(settings({ env: { DB_HOST: '' } }).database.url).toBeUndefined()
  })

  it('replace a list whole', () => {
    const given = { yaml: 'gateway: { genericTicks: [100, 101] }', overrides: { gateway: { genericTicks: [233] } } }
    expect(settings(given).gateway.genericTicks).toEqual([233])
  })

  it('let a section take the place of a single value', () => {
    expect(settings({ yaml: 'metrics: off', overrides: { metrics: { port: 0 } } }).metrics).toEqual({
      host: '127.0.0.1',
      port: 0,
      maxLagMs: 60_000,
    })
  })
})

describe('the environment', () => {
  it('gives settings under these names', () => {
    const env = {
      TAPEDECK_DATA_DIR: '/srv/tape',
      DATABASE_URL: 'postgresql://db/x',
      COLLECTION_INTERVAL_MS: '250',
      IB_HOST: 'gw',
      IB_PORT: '4001',
      IB_CLIENT_ID: '12',
      EXPIRY_RANGE_DAYS: '30',
      MAX_SPREAD_PERCENT: '12.5',
      LOG_LEVEL: 'debug',
    }
    expect(settings({ env })).toMatchObject({
      dataDir: '/srv/tape',
      database: { url: 'postgresql://db/x', batchMs: 250 },
      gateway: { host: 'gw', port: 4001, clientId: 12 },
      universe: { expiryDays: 30 },
      rules: { 'wide-spread': { stock: 12.5, option: 12.5, index: 12.5, future: 12.5 } },
      log: { level: 'debug' },
    })
  })

  it.each([
    [{ DB_HOST: 'db' }, 'postgres://tapedeck@db:5432/tapedeck'],
    [{ DB_PASSWORD: 'secret' }, 'postgres://tapedeck:secret@localhost:5432/tapedeck'],
    [{ DB_HOST: 'db', DB_PORT: '6543', DB_NAME: 'ticks', DB_USER: 'pat', DB_PASSWORD: 's' }, 'postgres://pat:s@db:6543/ticks'],
    [{ DB_PASSWORD: 'a#b@c/d:e %' }, 'postgres://tapedeck:a%23b%40c%2Fd%3Ae%20%25@localhost:5432/tapedeck'],
    [{ DB_HOST: '::1' }, 'postgres://tapedeck@[::1]:5432/tapedeck'],
    [{ DB_HOST: '/run/postgresql' }, 'postgres://tapedeck@%2Frun%2Fpostgresql:5432/tapedeck'],
  ])('composes the database from %j', (env, url) => {
    expect(settings({ env }).database.url).toBe(url)
  })

  it('keeps every character of a password through the URL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (password) => {
        const { url = '' } = loadConfig({ cwd: '/', file: '/dev/null', env: { DB_PASSWORD: password } }).config.database
        expect(decodeURIComponent(new URL(url).password)).toBe(password)
      }),
    )
  })

  it('prefers DATABASE_URL to the parts', () => {
    expect(settings({ env: { DATABASE_URL: 'postgres://whole/x', DB_HOST: 'part' } }).database.url).toBe('postgres://whole/x')
  })

  it('names the variable that is wrong', () => {
    expect(problems({ env: { IB_PORT: 'abc', EXPIRY_RANGE_DAYS: '1.5', DB_PORT: '99999' } })).toEqual([
      'environment DB_PORT  expected a port from 1 to 65535, found something else',
      'environment IB_PORT  gateway.port: expected an integer from 1 to 65535 (TWS listens on 7496 live and 7497 paper, IB Gateway on 4001 and 4002), found "abc"',
      'environment EXPIRY_RANGE_DAYS  universe.expiryDays: expected an integer from 0 to 3650, found 1.5',
    ])
  })
})

describe('values', () => {
  it.each(['database.lanes 0', 'database.lanes 9', 'database.batchMs 9', 'database.batchRows 100001', 'gateway.heartbeatMs 1999'])(
    'out of range are refused: %s',
    (text) => {
      const [path = '', value] = text.split(' ')
      const [section = '', key = ''] = path.split('.')
      expect(problems({ overrides: { [section]: { [key]: Number(value) } } })).toEqual([
        expect.stringContaining(`${path}: expected an integer`),
      ])
    },
  )

  it('of client id 0 are refused with the reason', () => {
    expect(problems({ overrides: { gateway: { clientId: 0 } } })[0]).toContain('0 is refused: it would be handed the orders placed by hand')
  })

  it.each([
    ['64MiB', 67_108_864],
    ['1.5 mb', 1_500_000],
    ['65536', 65_536],
    [65_536, 65_536],
    ['1GiB', 1_073_741_824],
    ['128kb', 128_000],
  ])('that are sizes are read: %s', (segmentBytes, bytes) => {
    expect(settings({ overrides: { journal: { segmentBytes } } }).journal.segmentBytes).toBe(bytes)
  })

  it.each([
    ['limitBytes', '1000KiB', 'a size of 1MiB or more, like 1GiB'],
    ['memoryBytes', 1000, 'a size of 1MiB or more, like 1GiB'],
    ['minFreeBytes', '-1', 'a size of 0 or more, like 1GiB'],
  ])('of the journal have a least: %s %s', (name, size, expected) => {
    expect(problems({ overrides: { journal: { [name]: size } } })).toEqual([
      `command line  journal.${name}: expected ${expected}, found ${JSON.stringify(size)}`,
    ])
  })

  it.each(['64 MiX', '1KiB', '2GiB', '-1', 'MiB', '0.5', ''])('that are no sizes are refused: %s', (segmentBytes) => {
    expect(problems({ overrides: { journal: { segmentBytes } } })).toEqual([
      `command line  journal.segmentBytes: expected a size from 64KiB to 1GiB, like 64MiB, found ${JSON.stringify(segmentBytes)}`,
    ])
  })

  it('of the metrics may be off, or a section whose own mistakes are named', () => {
    expect(settings({ yaml: 'metrics: off' }).metrics).toBe('off')
    expect(problems({ yaml: 'metrics: { prot: 1, port: -1 }' })).toEqual([
      'tapedeck.yaml:1:12  metrics.prot: there is no such setting; did you mean port?',
      'tapedeck.yaml:1:27  metrics.port: expected an integer from 0 to 65535 (0 takes any free one), found -1',
    ])
    expect(problems({ yaml: 'metrics: { port: x, host: h }' })).toEqual([
      'tapedeck.yaml:1:18  metrics.port: expected an integer from 0 to 65535 (0 takes any free one), found "x"',
    ])
    expect(problems({ yaml: 'metrics: on' })).toEqual([
      'tapedeck.yaml:1:10  metrics: expected off, or a section with host and port, found "on"',
    ])
  })
})

describe('the rules', () => {
  it('are each a section of settings of its own, or off', () => {
    const { rules } = settings({ yaml: 'rules: { crossed-quote: off, wide-spread: { severity: error, option: 20 } }' })
    expect(rules).toEqual({
      ...defaultSettings(RULES),
      'crossed-quote': 'off',
      'wide-spread': { severity: 'error', disposition: 'flag', stock: 10, option: 20, index: 10, future: 10 },
    })
  })

  it('have their mistakes named like all others', () => {
    const yaml = 'rules: { crossed-quote: no, negative-size: { severity: bad }, wide-spread: { disposition: drop, stock: -1 } }'
    expect(problems({ yaml })).toEqual([
      'tapedeck.yaml:1:25  rules.crossed-quote: expected off, or a section of settings, found "no"',
      'tapedeck.yaml:1:56  rules.negative-size.severity: expected info, warning or error, found "bad"',
      'tapedeck.yaml:1:91  rules.wide-spread.disposition: expected flag or quarantine, found "drop"',
      'tapedeck.yaml:1:104  rules.wide-spread.stock: expected a number above 0 (percent of the middle of bid and ask), found -1',
    ])
  })
})

describe('mistakes', () => {
  it('are reported all at once, in the order of the file, then the environment, then the command line', () => {
    const yaml = [
      'log: { level: loud }',
      'gateway:',
      '  port: "7497"',
      '  prot: 7496',
      'rules: { wide-spread: { stock: 0 } }',
      'universe: { underlyings: [1] }',
    ].join('\n')
    const { message, code } = failure({ yaml, env: { IB_CLIENT_ID: 'x' }, overrides: { database: { lanes: 1.5 } } })
    expect(code).toBe('config-invalid')
    expect(message.split('\n').map((line) => line.trim().split(': expected')[0])).toEqual([
      '7 settings are wrong:',
      'tapedeck.yaml:1:15  log.level',
      'tapedeck.yaml:3:9  gateway.port',
      'tapedeck.yaml:4:3  gateway.prot: there is no such setting; did you mean port?',
      'tapedeck.yaml:5:32  rules.wide-spread.stock',
      'tapedeck.yaml:6:27  universe.underlyings[0]',
      'environment IB_CLIENT_ID  gateway.clientId',
      'command line  database.lanes',
    ])
  })

  it('are reported even where a higher layer hides them', () => {
    expect(problems({ yaml: 'gateway: { port: x }', env: { IB_PORT: '1' } })[0]).toMatch(/^tapedeck\.yaml:1:18 {2}gateway\.port/)
  })

  it('in a name suggest the nearest one, whatever its spelling', () => {
    const yaml = 'max_spread: 1\ndata_dir: x\ndatabse: {}\njournal: { fsync-ms: 1 }\nrules: { wide-spred: {}, wide-spread: { stok: 1 } }\n'
    expect(problems({ yaml })).toEqual([
      'tapedeck.yaml:1:1  max_spread: there is no such setting; known here: dataDir, database, storage, gateway, universe, lines, repair, rules, carry, arbitrage, webhook, bars, journal, metrics, log',
      'tapedeck.yaml:2:1  data_dir: there is no such setting; did you mean dataDir?',
      'tapedeck.yaml:3:1  databse: there is no such setting; did you mean database?',
      'tapedeck.yaml:4:12  journal.fsync-ms: there is no such setting; did you mean fsyncMs?',
      'tapedeck.yaml:5:10  rules.wide-spred: there is no such setting; did you mean wide-spread?',
      'tapedeck.yaml:5:41  rules.wide-spread.stok: there is no such setting; did you mean stock?',
    ])
  })

  it('on the command line are named like the rest', () => {
    expect(problems({ overrides: { gateway: { marketDataType: 'delayd' } } })).toEqual([
      'command line  gateway.marketDataType: expected live, frozen, delayed or delayed-frozen, found "delayd"',
    ])
  })

  it('of a single one are announced as one', () => {
    expect(failure({ yaml: 'log: 3' }).message).toBe(
      'One setting is wrong:\n  tapedeck.yaml:1:6  log: expected a section of settings, found 3',
    )
  })

  it('do not reach into prototypes', () => {
    expect(problems({ yaml: '__proto__: { polluted: 1 }\nconstructor: 1' })).toHaveLength(2)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})

describe('secrets', () => {
  const SECRET = 'hunter2'

  it.each<[string, Given]>([
    ['a wrong scheme', { env: { DATABASE_URL: `mysql://pat:${SECRET}@h/x` } }],
    ['a # in the password', { env: { DATABASE_URL: `postgres://pat:${SECRET}#1@h/x` } }],
    ['only the password', { env: { DATABASE_URL: SECRET } }],
    ['a text that looks like a scheme', { env: { DATABASE_URL: `${SECRET}:x` } }],
    ['a URL in place of the section', { yaml: `database: postgres://pat:${SECRET}@h/x` }],
    ['a URL in another place', { yaml: `gateway: { port: "postgres://pat:${SECRET}@h/x" }` }],
    ['a password as a setting of its own', { yaml: `database: { password: ${SECRET} }` }],
    ['the parts beside another mistake', { env: { DB_PASSWORD: SECRET, DB_PORT: 'x', IB_PORT: 'x' } }],
    ['broken YAML', { yaml: `database: { url: "postgres://pat:${SECRET}@h/x }\n` }],
    ['a tag', { yaml: `database: { url: !x//pat:${SECRET}@h postgres }\n` }],
    ['a name that is given twice', { yaml: `database:\n  url: postgres://pat:${SECRET}@h/x\n  url: postgres://pat:${SECRET}@h/x\n` }],
    ['a webhook with user and password', { yaml: `webhook: { url: "https://pat:${SECRET}@h/x" }` }],
    ['a webhook of another scheme', { yaml: `webhook: { url: "ftp://h/${SECRET}" }` }],
  ])('stay out of the message about %s', (_title, given) => {
    expect(failure(given).message).not.toContain(SECRET)
  })
})

describe('the webhook', () => {
  it.each(['https://pat:word@h/x', 'https://pat@h/x'])(
    'takes no address with user and password, to which nothing could be posted: %s',
    (url) => {
      expect(problems({ yaml: `webhook: { url: "${url}" }` })).toEqual([
        'tapedeck.yaml:1:17  webhook.url: expected an address without user and password, found another text (https://…)',
      ])
      expect(settings({ yaml: `webhook: { url: "https://h/x?key=pat@word:1" }` }).webhook).toMatchObject({ perHour: 10 })
    },
  )
})

describe('the example file', () => {
  const example = readFileSync(fileURLToPath(new URL('../../../config/tapedeck.example.yaml', import.meta.url)), 'utf8')

  it('holds the defaults, and one underlying', () => {
    const { universe, ...rest } = settings({ yaml: example })
    const { universe: none, ...defaults } = settings({})
    expect(rest).toEqual(defaults)
    expect({ ...universe, underlyings: [] }).toEqual(none)
    expect(universe.underlyings.map(({ symbol }) => symbol)).toEqual(['AAPL'])
  })

  it('has all rules, as they themselves say what they are and which settings they have', () => {
    expect(example).toContain(`\n${rulesExample()}\n`)
  })

  it('mentions every setting', () => {
    const sections = Object.entries(configSchema.parse({ dataDir: 'x' })) as [string, unknown][]
    const names = sections.flatMap(([name, value]) => [name, ...(typeof value === 'object' && value !== null ? Object.keys(value) : [])])
    const optional = ['url', 'symbol', 'currency', 'exchange', 'primaryExchange', 'tradingClasses']
    for (const name of [...names, ...optional]) expect(example).toMatch(new RegExp(`^[ #-]*${name}:`, 'm'))
  })
})
