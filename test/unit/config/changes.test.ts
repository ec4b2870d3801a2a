import { describe, expect, it } from 'vitest'

import { changesBetween } from '../../../config/changes.ts'
import { settings } from '../../support/process/config.ts'

const between = (before: string, after: string) => changesBetween(settings({ yaml: before }), settings({ yaml: after }))

describe('what a changed configuration asks for', () => {
  it('is nothing when only its text has changed', () => {
    expect(between('gateway: { lines: 100 }', '# the default\nlog:\n  level: info\n')).toEqual({ live: [], needRestart: [] })
  })

  it('names what a running collector takes over', () => {
    const after = `
gateway: { lines: 50, genericTicks: [100] }
lines: { rotation: off }
universe: { strikes: all, underlyings: [{ symbol: TWX }] }
rules: { wide-spread: { option: 10 }, negative-size: off }
journal: { keepDays: 1 }
log: { level: debug }`
    expect(between('', after)).toEqual({
      live: [
        'gateway.lines',
        'gateway.genericTicks',
        'universe.strikes.rangePercent',
        'universe.underlyings',
        'lines.rotation',
        'rules.negative-size.severity',
        'rules.negative-size.disposition',
        'rules.wide-spread.option',
        'journal.keepDays',
        'log.level',
        'universe.strikes',
        'rules.negative-size',
      ],
      needRestart: [],
    })
  })

  it('names what needs a restart, and no values, which may be secret', () => {
    const before = 'database: { url: "postgres://u:one@h/d" }'
    const after = 'dataDir: /elsewhere\ndatabase: { url: "postgres://u:two@h/d", lanes: 3 }\nmetrics: off\ngateway: { port: 4001 }'
    expect(between(before, after)).toEqual({
      live: [],
      needRestart: [
        'dataDir',
        'database.url',
        'database.lanes',
        'gateway.port',
        'metrics.host',
        'metrics.port',
        'metrics.maxLagMs',
        'metrics',
      ],
    })
  })

  it('lists a setting that was removed', () => {
    expect(between('database: { url: "postgres://u:one@h/d" }', '').needRestart).toEqual(['database.url'])
  })

  it('finds the default of every underlying changed with that of the universe', () => {
    const chain = 'universe: { expiryDays: DAYS, underlyings: [{ symbol: TWX }] }'
    expect(between(chain.replace('DAYS', '5'), chain.replace('DAYS', '6')).live).toEqual(['universe.expiryDays', 'universe.underlyings'])
  })
})
