/** Published option values, as the fixtures list them; see NOTICE. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { OptionTerms } from '../../../../market/option/pricing.ts'

const FIXTURES = join(import.meta.dirname, '../../../fixtures/option-pricing')

export interface Published {
  /** `european`, `american_BAW`, `american_BjS`, `american_exact_Ju`. */
  style: string
  terms: OptionTerms
  volatility: number
  value: number
  /** Of the source. */
  tolerance: number
}

const rows = readFileSync(join(FIXTURES, 'option_values.csv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line): Published => {
    const [style = '', type, strike, spot, q, r, years, volatility, value, tolerance] = line.split(',')
    const terms: OptionTerms = {
      right: type === 'Call' ? 'C' : 'P',
      strike: Number(strike),
      spot: Number(spot),
      dividendYield: Number(q),
      rate: Number(r),
      years: Number(years),
    }
    return { style, terms, volatility: Number(volatility), value: Number(value), tolerance: Number(tolerance) }
  })

export function publishedOf(style: string): Published[] {
  return rows.filter((row) => row.style === style)
}

interface PublishedGreek {
  greek: string
  type: string
  strike: number
  spot: number
  q: number
  r: number
  t: number
  vol: number
  value: number
}

export const publishedGreeks: PublishedGreek[] = JSON.parse(readFileSync(join(FIXTURES, 'greeks_haug.json'), 'utf8'))

/** Black-Scholes prices and greeks by column: spot, strike, rate, years, volatility, prices, and delta, gamma, theta, vega, rho of either right. */
export const publishedGrid: { columns: string[]; data: number[][] } = JSON.parse(
  readFileSync(join(FIXTURES, 'py_vollib_bs_greeks.json'), 'utf8'),
)
