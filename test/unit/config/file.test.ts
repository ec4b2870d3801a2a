import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../../config/load.ts'
import { failure, folderWith, problems, settings } from '../../support/process/config.ts'

describe('the file', () => {
  it('may be empty, or hold comments only', () => {
    expect(settings({ yaml: '' })).toEqual(settings({}))
    expect(settings({ yaml: '# nothing\n---\n' })).toEqual(settings({}))
  })

  it('may have sections whose lines are all commented out', () => {
    const yaml = 'gateway:\n  # port: 1\nuniverse:\n  underlyings:\n    # - symbol: AAPL\nmetrics:\nrules:\n  crossed-quote:\n'
    expect(settings({ yaml })).toEqual(settings({}))
  })

  it('refuses a single setting without a value', () => {
    expect(problems({ yaml: 'gateway:\n  host:\n' })).toEqual([
      'tapedeck.yaml:2:3  gateway.host: expected a host name or address, found nothing',
    ])
  })

  it('is read when --config names it, relative to the working folder', () => {
    const cwd = folderWith('log: { level: warn }')
    writeFileSync(join(cwd, 'my.yaml'), 'log: { level: debug }')
    const loaded = loadConfig({ cwd, env: { TAPEDECK_CONFIG: 'tapedeck.yaml' }, file: 'my.yaml' })
    expect([loaded.config.log.level, loaded.file, loaded.sourceOf(['log', 'level'])]).toEqual([
      'debug',
      join(cwd, 'my.yaml'),
      'my.yaml:1:15',
    ])
  })

  it('is read when TAPEDECK_CONFIG names it', () => {
    const cwd = folderWith('log: { level: warn }')
    writeFileSync(join(cwd, 'my.yaml'), 'log: { level: debug }')
    const level = (TAPEDECK_CONFIG: string) => loadConfig({ cwd, env: { TAPEDECK_CONFIG } }).config.log.level
    expect([level(join(cwd, 'my.yaml')), level('')]).toEqual(['debug', 'warn'])
  })

  it('is refused when it was named and is not there, saying who named it', () => {
    expect(failure({ file: 'none.yaml' })).toMatchObject({
      code: 'config-file-unreadable',
      message: 'The configuration file none.yaml (given with --config) cannot be read: it does not exist.',
    })
    expect(failure({ env: { TAPEDECK_CONFIG: 'none.yaml' } }).message).toContain('(named by TAPEDECK_CONFIG)')
    expect(failure({ file: '.' }).message).toContain('EISDIR')
  })

  it('is refused when it is larger than any list of settings, or has no end', () => {
    const tooLarge = /cannot be read: expected at most 64 KiB of settings, found more\.$/
    expect(failure({ yaml: `#${' '.repeat(1 << 16)}` }).message).toMatch(tooLarge)
    expect(failure({ file: '/dev/zero' }).message).toMatch(tooLarge)
    expect(settings({ yaml: `#${' '.repeat((1 << 16) - 1)}` })).toEqual(settings({}))
  })

  it('names the place of a NUL, of a tab that indents, and of nesting without end', () => {
    expect(problems({ yaml: 'log:\n  level: info\0\n' })[0]).toMatch(
      /^tapedeck\.yaml:2:10 {2}log\.level: expected .*, found "info\\u0000"$/,
    )
    expect(problems({ yaml: 'log:\n\tlevel: info\n' })[0]).toMatch(/^tapedeck\.yaml:2:1 {2}this is not valid YAML: Tabs/)
    const [flow, list, block] = [
      '['.repeat(60_000),
      '- '.repeat(30_000),
      Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    ]
    expect(problems({ yaml: `dataDir: ${flow}` })[0]).toMatch(/^tapedeck\.yaml:1:60 {2}this nests deeper than 50 levels/)
    expect(problems({ yaml: `log:\n${list}` })[0]).toMatch(/^tapedeck\.yaml:2:1 {2}this nests deeper than 50 levels/)
    expect(problems({ yaml: block })[0]).toMatch(/^tapedeck\.yaml:201:1 {2}this nests deeper than 50 levels/)
  })

  it('reports every error of its syntax, with the place', () => {
    expect(
      problems({ yaml: 'log: { level: info\ngateway:\n\tport: 1\n' }).every((line) =>
        /^tapedeck\.yaml:\d+:\d+ {2}this is not valid YAML/.test(line),
      ),
    ).toBe(true)
    expect(problems({ yaml: 'a: [1\nb: "x' }).length).toBeGreaterThan(1)
    expect(problems({ yaml: 'log: !odd { level: info }' })[0]).toContain('tapedeck.yaml:1:6')
    expect(problems({ yaml: 'log: {}\n---\nlog: {}\n' })).toHaveLength(1)
  })

  it('reports the mistakes of the environment beside those of its syntax', () => {
    expect(problems({ yaml: 'log: [', env: { IB_PORT: 'x' } }).at(-1)).toContain('environment IB_PORT')
  })

  it('refuses a name that is given twice', () => {
    expect(problems({ yaml: 'gateway:\n  port: 1\n  host: a\n  port: 2\n' })).toEqual([
      'tapedeck.yaml:4:3  port is given twice in this section; keep one',
    ])
  })

  it('refuses bytes that are not UTF-8, with the place', () => {
    expect(problems({ yaml: Buffer.from('log: {}\ndataDir: caf\xe9\n', 'latin1') })).toEqual([
      'tapedeck.yaml:2:13  these bytes are not UTF-8; save the file as UTF-8',
    ])
    expect(problems({ yaml: Buffer.from('\ufeffdataDir: x', 'utf16le') })[0]).toContain('tapedeck.yaml:1:1  these bytes are not UTF-8')
  })

  it('may begin with a byte order mark and end its lines as Windows does', () => {
    expect(settings({ yaml: '\ufefflog:\r\n  level: warn\r\n' }).log.level).toBe('warn')
  })

  it('refuses anything but sections at its top', () => {
    expect(problems({ yaml: '- a\n' })).toEqual(['tapedeck.yaml:1:1  expected settings like `dataDir: /srv/tape`, found something else'])
    expect(problems({ yaml: '\n  just text\n' })[0]).toContain('tapedeck.yaml:2:3')
  })

  it('may use anchors, aliases and merge keys', () => {
    const yaml = [
      'universe:',
      '  strikes: &near { rangePercent: 5 }',
      '  underlyings:',
      '    - &a { symbol: A, strikes: *near }',
      '    - { <<: *a, symbol: B, expiryDays: x }',
    ].join('\n')
    expect(problems({ yaml })).toEqual([
      'tapedeck.yaml:5:40  universe.underlyings[1].expiryDays: expected an integer from 0 to 3650, found "x"',
    ])
    const fixed = settings({ yaml: yaml.replace('x }', '9 }') }).universe.underlyings
    expect(fixed.map(({ symbol, strikes }) => [symbol, strikes])).toEqual([
      ['A', { rangePercent: 5 }],
      ['B', { rangePercent: 5 }],
    ])
  })

  it('places a mistake behind an alias where the value is written', () => {
    expect(problems({ yaml: 'log: &x { level: loud }\nrules: *x\n' }).map((line) => line.split('  ')[0])).toEqual(
      expect.arrayContaining(['tapedeck.yaml:1:18', 'tapedeck.yaml:1:11']),
    )
  })

  it('refuses aliases that multiply without end', () => {
    const rows = Array.from({ length: 8 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 9 }, () => `*a${i}`).join(', ')}]`)
    expect(problems({ yaml: ['a0: &a0 [x]', ...rows].join('\n') })[0]).toContain('its aliases cannot be resolved')
  })
})
