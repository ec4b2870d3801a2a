/**
 * The temporary impact of Almgren, Thum, Hauptmann and Li, "Direct Estimation of Equity Market Impact" (2005), fitted to orders in US shares:
 *
 *     impact = price * 0.142 * volatility * (quantity / volume) ^ (3/5)
 *
 * with the volatility of a day as a fraction, and the volume that all trade in the time that the order takes: here the bar's, as an order takes a bar;
 * against quotes, whose volume to come nobody knows, the size that is shown. Where neither is known the order counts as all of the volume. Their
 * permanent impact, which moves the price for those who come later, is left out: a backtest does not change the market.
 */

import type { SlippageModel } from './slippage.ts'

const TEMPORARY = 0.142
const EXPONENT = 3 / 5

/** @param volatility of a day's return, as a fraction: 0.02 is 2 % */
export const impact = ({ volatility }: { volatility: number }): SlippageModel => ({
  name: 'impact',
  perUnit({ price, quantity, shown, volume }) {
    const among = volume ?? shown
    return Math.abs(price) * TEMPORARY * volatility * (among ? quantity / among : 1) ** EXPONENT
  },
})
