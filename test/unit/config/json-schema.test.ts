import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { formatConfigSchema } from '../../../config/json-schema.ts'
import { packageRoot } from '../../../system/package-root.ts'

const folder = join(packageRoot(), 'config')
const schema = JSON.parse(formatConfigSchema()) as Record<string, unknown>
const example = readFileSync(join(folder, 'tapedeck.example.yaml'), 'utf8')
const accepts = (yaml: string) => z.fromJSONSchema(schema).safeParse(parse(yaml)).success

/** Every property in it, by its path. */
function properties(node: unknown, path = ''): [string, Record<string, unknown>][] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, child]: [string, Record<string, unknown>]) => {
    if (key !== 'properties') return properties(child, path)
    return Object.entries(child).flatMap(([name, property]): [string, Record<string, unknown>][] => [
      [`${path}${name}`, property as Record<string, unknown>],
      ...properties(property, `${path}${name}.`),
    ])
  })
}

describe('the JSON schema of the configuration', () => {
  it('is what the shipped file holds (if not: tapedeck config schema > config/tapedeck.schema.json && npm run format)', () => {
    const shipped: unknown = JSON.parse(readFileSync(join(folder, 'tapedeck.schema.json'), 'utf8'))
    expect(JSON.stringify(shipped, undefined, 2)).toBe(formatConfigSchema().trimEnd())
  })

  it('describes every setting', () => {
    const all = properties(schema)
    expect(all.map(([path]) => path)).toContain('universe.underlyings.strikes.rangePercent')
    expect(all.filter(([, { description }]) => !description).map(([path]) => path)).toEqual([])
  })

  it('accepts the example, also with all that is commented out in it', () => {
    expect(accepts(example)).toBe(true)
    const whole = example.replaceAll(/^( *)# ( *(?:dataDir|url|- symbol|expiryDays|strikes|tradingClasses): .*)$/gm, '$1$2')
    expect(whole).toMatch(/^dataDir: .*^ {2}url: .*^ {4}- symbol: SPY\n {6}expiryDays: 14$/ms)
    expect(accepts(whole)).toBe(true)
  })

  it.each([
    ['an empty file', ''],
    ['a section whose lines are commented out', 'gateway:\nuniverse:\n  underlyings:\n'],
    ['metrics that are off', 'metrics: off\n'],
    ['a size with its unit', 'journal: { segmentBytes: 64MiB }\n'],
    ['strikes as a word', 'universe: { underlyings: [{ symbol: SPY, strikes: all }] }\n'],
  ])('accepts %s', (_, yaml) => {
    expect(accepts(yaml)).toBe(true)
  })

  it.each([
    ['an unknown setting', 'gatway: {}\n'],
    ['an unknown setting within a section', 'gateway: { prot: 7497 }\n'],
    ['client id 0', 'gateway: { clientId: 0 }\n'],
    ['a port as a text', 'gateway: { port: "7497" }\n'],
    ['an unknown word', 'gateway: { clock: sun }\n'],
    ['an underlying without its symbol', 'universe: { underlyings: [{ currency: USD }] }\n'],
    ['a ticker in small letters', 'universe: { underlyings: [{ symbol: spy }] }\n'],
  ])('refuses %s', (_, yaml) => {
    expect(accepts(yaml)).toBe(false)
  })
})
