/** docs/quality.md states the same costs and limits as the program. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { ARBITRAGE, BARS, SAMPLED } from '../../../../market/quality/fitness.ts'
import { COSTS, LETTERS } from '../../../../market/quality/grade.ts'
import { packageRoot } from '../../../../system/package-root.ts'

const text = readFileSync(join(packageRoot(), 'docs', 'quality.md'), 'utf8')
const percent = (share: number) => `${Number((share * 100).toFixed(6))} %`

it('documents what each fault costs', () => {
  const rows = [...text.matchAll(/^\| (\w+) \| .* \| ([\d.]+) \| (\d+) \|$/gm)].map(([, fault, points, most]) => [
    fault,
    Number(points),
    Number(most),
  ])
  expect(rows).toEqual(Object.entries(COSTS).map(([fault, { points, most }]) => [fault, points / 100, most]))
})

it('documents the letters', () => {
  const [[, best]] = LETTERS as [[string, number]]
  expect(text).toContain(
    `A is ${best} and more, ${LETTERS.slice(1, -1)
      .map(([letter, least]) => `${letter} ${least}`)
      .join(', ')}, F less`,
  )
})

it('documents the limits of each use', () => {
  const [, bars = '', arbitrage = ''] =
    /fit for a \*bar study\*([\s\S]*?)\n\nIt is fit for an \*arbitrage study\*([\s\S]*?)\n\nEverything else/.exec(text) ?? []
  expect(bars).toContain(`${percent(BARS.completeness)} of the wanted time`)
  expect(bars).toContain(`more than ${percent(BARS.wrong)} of its ticks are wrong`)
  expect(arbitrage).toContain(
    `${percent(ARBITRAGE.completeness)} of the wanted time, and no gap over ${ARBITRAGE.longestGapUs / 1_000_000} s`,
  )
  expect(arbitrage).toContain(`${percent(ARBITRAGE.wrong)} of the ticks wrong`)
  expect(arbitrage).toContain(`${percent(ARBITRAGE.late)} of the ticks late`)
  expect(arbitrage).toContain(`${percent(ARBITRAGE.merged)} of the quotes \`merged\``)
  expect(arbitrage).toContain(`a quote stood for ${percent(ARBITRAGE.quoted)}`)
  expect(arbitrage).toContain(`of ${SAMPLED.quotes} quotes or more, ${percent(SAMPLED.share)}`)
})
