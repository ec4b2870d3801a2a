/** The requests that clients can send. A new one is one file beside this one and one line here. */

import { accountSummary } from './account-summary.ts'
import { accountUpdatesMulti } from './account-updates-multi.ts'
import { accountUpdates } from './account-updates.ts'
import { cancelHistoricalData } from './cancel-historical-data.ts'
import { cancelMarketData } from './cancel-market-data.ts'
import { cancelHeadTimestamp, cancelHistogram } from './cancel-of-past.ts'
import { cancelRealTimeBars } from './cancel-real-time-bars.ts'
import { cancelTickByTick } from './cancel-tick-by-tick.ts'
import { contractDetails } from './contract-details.ts'
import { currentTime } from './current-time.ts'
import { emptyAnswers } from './empty-answers.ts'
import type { RequestHandler } from './handler.ts'
import { headTimestamp } from './head-timestamp.ts'
import { histogram } from './histogram.ts'
import { historicalData } from './historical-data.ts'
import { historicalTicks } from './historical-ticks.ts'
import { marketDataType } from './market-data-type.ts'
import { marketData } from './market-data.ts'
import { marketRule } from './market-rule.ts'
import { matchingSymbols } from './matching-symbols.ts'
import { oneWayRequests } from './one-way.ts'
import { calculateImpliedVolatility, calculateOptionPrice } from './option-calculation.ts'
import { optionChain } from './option-chain.ts'
import { positions } from './positions.ts'
import { realTimeBars } from './real-time-bars.ts'
import { refused } from './refused.ts'
import { smartComponents } from './smart-components.ts'
import { startApi } from './start-api.ts'
import { tickByTick } from './tick-by-tick.ts'

export const REQUESTS: readonly RequestHandler[] = [
  startApi,
  currentTime,
  contractDetails,
  optionChain,
  matchingSymbols,
  marketRule,
  smartComponents,
  marketDataType,
  marketData,
  cancelMarketData,
  tickByTick,
  cancelTickByTick,
  realTimeBars,
  cancelRealTimeBars,
  historicalTicks,
  historicalData,
  cancelHistoricalData,
  headTimestamp,
  cancelHeadTimestamp,
  histogram,
  cancelHistogram,
  calculateImpliedVolatility,
  calculateOptionPrice,
  positions,
  accountUpdates,
  accountUpdatesMulti,
  accountSummary,
  ...emptyAnswers,
  ...oneWayRequests,
  ...refused,
]
