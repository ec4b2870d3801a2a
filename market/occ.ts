/**
 * OCC option symbols: 21 characters naming one listed option in the United States, `TWX   140621C00070000`.
 * Root padded to 6, expiration as yymmdd, C or P, strike in thousandths of a dollar with 8 digits
 * (Options Symbology Initiative of the Options Clearing Corporation, 2010).
 */

import type { OptionContract, Right } from './contract.ts'
import { TapedeckError } from './errors.ts'
import { isDate } from './time.ts'

/** What an OCC symbol says: no more, so the underlying's ticker, the currency and the multiplier are not among it. */
export interface OccSymbol {
  /** The contract's `tradingClass`. */
  root: string
  /** `YYYY-MM-DD`, in the years 2000 to 2099. */
  expiry: string
  right: Right
  /** US dollars per unit. */
  strike: number
}

const ROOT = /^[A-Z0-9]{1,6}$/
const PADDED_ROOT = /^([A-Z0-9]+) *$/
const AFTER_ROOT = /^(\d{2})(\d{2})(\d{2})([CP])(\d{8})$/
const ROOT_CHARACTERS = 6
const MAX_STRIKE_THOUSANDTHS = 99_999_999

/**
 * The 21 characters of an option. The listed expiry is used, a Saturday before 2015.
 *
 * @throws TapedeckError `invalid-occ-symbol` when the contract does not fit: a root that is not 1 to 6 capitals or digits,
 * a strike that is not whole thousandths in 0.001 to 99,999.999, an expiry that is no date in 2000 to 2099.
 */
export function occSymbol({ tradingClass, expiry, right, strike }: OptionContract): string {
  if (!ROOT.test(tradingClass)) throw occError('a trading class of 1 to 6 capitals or digits', tradingClass)
  if (!isDate(expiry) || !expiry.startsWith('20')) throw occError('an expiry as YYYY-MM-DD in 2000 to 2099', expiry)
  const thousandths = Math.round(strike * 1000)
  if (thousandths / 1000 !== strike || thousandths < 1 || thousandths > MAX_STRIKE_THOUSANDTHS) {
    throw occError('a strike in whole thousandths, 0.001 to 99999.999', strike)
  }
  const yymmdd = expiry.slice(2).replaceAll('-', '')
  return `${tradingClass.padEnd(ROOT_CHARACTERS)}${yymmdd}${right}${String(thousandths).padStart(8, '0')}`
}

/**
 * Reads the 21 characters.
 *
 * @throws TapedeckError `invalid-occ-symbol` when the text is not one; the message says which part.
 */
export function parseOccSymbol(text: string): OccSymbol {
  const [, root] = PADDED_ROOT.exec(text.slice(0, ROOT_CHARACTERS)) ?? []
  const [, yy, mm, dd, right, thousandths] = AFTER_ROOT.exec(text.slice(ROOT_CHARACTERS)) ?? []
  if (!right) throw occError('21 characters: root padded with spaces to 6, yymmdd, C or P, strike x 1000 in 8 digits', text)
  if (!root) throw occError('a root of 1 to 6 capitals or digits, padded with spaces behind', text)
  const expiry = `20${yy}-${mm}-${dd}`
  if (!isDate(expiry)) throw occError('an expiration that exists, as yymmdd', text)
  const strike = Number(thousandths) / 1000
  if (strike === 0) throw occError('a strike above zero', text)
  return { root, expiry, right: right === 'C' ? 'C' : 'P', strike }
}

function occError(expected: string, found: string | number): TapedeckError {
  return new TapedeckError(`OCC option symbol: expected ${expected}, found ${JSON.stringify(found)}`, { code: 'invalid-occ-symbol' })
}
