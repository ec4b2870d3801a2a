/** Settings that let everything through: whatever a detector says comes out as an episode. */

import { type ArbitrageSettings, arbitrageSettings } from '../../../market/arbitrage/settings.ts'

/** With the fees of a broker, as what is left must be above 0. */
export const WITH_FEES: ArbitrageSettings = arbitrageSettings({ preset: 'aggressive', minProfit: 0 })

export const WITHOUT_FEES: ArbitrageSettings = {
  ...WITH_FEES,
  fees: [
    {
      from: '2000-01-01',
      option: [{ premium: 0, fee: 0 }],
      optionMinimum: 0,
      optionExtra: 0,
      sharePerShare: 0,
      shareMinimum: 0,
      shareMaximumPercent: 0,
      salePercent: 0,
    },
  ],
}
