import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { plainQuality, QUALITY_SHAPE, qualityJsonSchema } from '../../../../cli/quality/json.ts'
import { packageRoot } from '../../../../system/package-root.ts'
import { NOTHING, report } from './quality-report.ts'

describe('the report on quality as data', () => {
  it('has the documented shape', () => {
    for (const each of [report(), NOTHING]) {
      const plain: unknown = JSON.parse(JSON.stringify(plainQuality(each)))
      expect(QUALITY_SHAPE.parse(plain)).toEqual(plain)
    }
  })

  it('has its schema in the documentation', () => {
    const shipped: unknown = JSON.parse(readFileSync(join(packageRoot(), 'docs', 'quality.schema.json'), 'utf8'))
    expect(shipped).toEqual(qualityJsonSchema())
  })

  it('writes times as text, durations in seconds, and null for what is not known', () => {
    const { from, contracts, findings, gaps, symbols } = plainQuality(report())
    expect(from).toBe('2014-06-05T00:00:00.000000Z')
    const [stock, option, lonely] = contracts
    expect(stock).toMatchObject({ grade: 100, completeness: 1, expectedSeconds: 23_400, quotedSeconds: 23_400, greeksCoverage: null })
    expect(option).toMatchObject({ completeness: 0.96, wrong: 4, longestGapSeconds: 936, greeksCoverage: 300 / 380 })
    expect(lonely).toMatchObject({ grade: null, letter: null, completeness: null, expectedSeconds: null, fitFor: 'not' })
    expect(symbols[1]).toMatchObject({ fitFor: { arbitrageStudy: 0, barStudy: 1, not: 0 }, lateShare: 0.02, initialShare: 0.003 })
    expect(findings[1]).toMatchObject({ symbol: null, example: { time: '2014-06-05T15:00:00.000000Z', contract: null } })
    expect(gaps).toEqual([expect.objectContaining({ missingSeconds: 936, feed: null })])
  })
})
