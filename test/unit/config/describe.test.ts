import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { describeConfig, formatSettings } from '../../../config/describe.ts'
import { loadConfig } from '../../../config/load.ts'

const cwd = mkdtempSync(join(tmpdir(), 'tapedeck-config-'))
afterAll(() => rmSync(cwd, { recursive: true }))

function show(yaml: string, env: Record<string, string> = {}) {
  writeFileSync(join(cwd, 'tapedeck.yaml'), yaml)
  return describeConfig(loadConfig({ cwd, env: { HOME: '/home/pat', ...env }, overrides: { log: { level: 'warn' } }, asRoot: false }))
}

describe('the settings in force', () => {
  const yaml = 'universe:\n  strikes: all\n  underlyings:\n    - { symbol: AAPL }\nmetrics: off\n'

  it('are listed one by one, each with its source', () => {
    const settings = show(yaml, { IB_PORT: '4001' })
    expect(settings.filter(({ source }) => source !== 'default')).toEqual([
      { setting: 'gateway.port', value: 4001, source: 'environment IB_PORT' },
      { setting: 'universe.strikes', value: 'all', source: 'tapedeck.yaml:2:12' },
      { setting: 'universe.underlyings[0].symbol', value: 'AAPL', source: 'tapedeck.yaml:4:17' },
      { setting: 'universe.underlyings[0].strikes', value: 'all', source: 'tapedeck.yaml:2:12' },
      { setting: 'metrics', value: 'off', source: 'tapedeck.yaml:5:10' },
      { setting: 'log.level', value: 'warn', source: 'command line' },
    ])
    expect(settings).toContainEqual({ setting: 'dataDir', value: '/home/pat/.local/share/tapedeck', source: 'default' })
    expect(settings).toContainEqual({ setting: 'database.url', value: null, source: 'default' })
    expect(settings).toContainEqual({ setting: 'gateway.genericTicks', value: [100, 101, 106, 233, 236, 456], source: 'default' })
  })

  it('show sizes in the largest unit that fits, as a file may give them', () => {
    const text = formatSettings(show('journal: { segmentBytes: 65537, minFreeBytes: 0 }\n'))
    expect(text).toMatch(/^journal\.segmentBytes +65537 /m)
    expect(text).toMatch(/^journal\.limitBytes +16GiB +default$/m)
    expect(text).toMatch(/^journal\.memoryBytes +256MiB +default$/m)
    expect(text).toMatch(/^journal\.minFreeBytes +0 /m)
  })

  it('never show a password', () => {
    const url = (env: Record<string, string>) => show('', env).find(({ setting }) => setting === 'database.url')
    expect(url({ DB_PASSWORD: 'p#w' })).toEqual({
      setting: 'database.url',
      value: 'postgres://tapedeck:***@localhost:5432/tapedeck',
      source: 'environment DB_PASSWORD',
    })
    expect(url({ DATABASE_URL: 'postgres://pat@h/x?sslmode=require&password=pw' })?.value).toBe(
      'postgres://pat@h/x?sslmode=require&password=***',
    )
  })

  it('are printed as an aligned table', () => {
    const table = formatSettings([
      { setting: 'database.url', value: null, source: 'default' },
      { setting: 'gateway.port', value: 4001, source: 'environment IB_PORT' },
      { setting: 'log.level', value: 'warn', source: 'command line' },
    ])
    expect(table).toBe(
      ['database.url  (none)  default', 'gateway.port  4001    environment IB_PORT', 'log.level     warn    command line'].join('\n'),
    )
  })
})
