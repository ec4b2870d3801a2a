/** The indicators by the names under which a strategy's context offers them. */

import { Adx } from './adx.ts'
import { Atr } from './atr.ts'
import { Bollinger } from './bollinger.ts'
import { Cci } from './cci.ts'
import { Dema } from './dema.ts'
import { Deviation } from './deviation.ts'
import { Donchian } from './donchian.ts'
import { Ema } from './ema.ts'
import { Hma } from './hma.ts'
import { Keltner } from './keltner.ts'
import { Macd } from './macd.ts'
import { Mfi } from './mfi.ts'
import { Obv } from './obv.ts'
import { Roc } from './roc.ts'
import { Rsi } from './rsi.ts'
import { Slope } from './slope.ts'
import { Sma } from './sma.ts'
import { Stochastic } from './stochastic.ts'
import { Supertrend } from './supertrend.ts'
import { Tema } from './tema.ts'
import { TrueRange } from './true-range.ts'
import { Ulcer } from './ulcer.ts'
import { Vwap } from './vwap.ts'
import { WilliamsR } from './williams-r.ts'
import { Wma } from './wma.ts'

export const INDICATORS = {
  adx: Adx,
  atr: Atr,
  bollinger: Bollinger,
  cci: Cci,
  dema: Dema,
  deviation: Deviation,
  donchian: Donchian,
  ema: Ema,
  hma: Hma,
  keltner: Keltner,
  macd: Macd,
  mfi: Mfi,
  obv: Obv,
  roc: Roc,
  rsi: Rsi,
  slope: Slope,
  sma: Sma,
  stochastic: Stochastic,
  supertrend: Supertrend,
  tema: Tema,
  trueRange: TrueRange,
  ulcer: Ulcer,
  vwap: Vwap,
  williamsR: WilliamsR,
  wma: Wma,
} as const
