/** The requests that clients can send. A new one is one file beside this one and one line here. */

import { accountRequests } from './account.ts'
import { cancelHistoricalData } from './cancel-historical-data.ts'
import { cancelMarketData } from './cancel-market-data.ts'
import { cancelTickByTick } from './cancel-tick-by-tick.ts'
import { contractDetails } from './contract-details.ts'
import { currentTime } from './current-time.ts'
import type { RequestHandler } from './handler.ts'
import { historicalData } from './historical-data.ts'
import { historicalTicks } from './historical-ticks.ts'
import { marketDataType } from './market-data-type.ts'
import { marketData } from './market-data.ts'
import { marketRule } from './market-rule.ts'
import { notServed } from './not-served.ts'
import { optionChain } from './option-chain.ts'
import { positions } from './positions.ts'
import { startApi } from './start-api.ts'
import { tickByTick } from './tick-by-tick.ts'

export const REQUESTS: readonly RequestHandler[] = [
  startApi,
  currentTime,
  contractDetails,
  optionChain,
  marketRule,
  marketDataType,
  marketData,
  cancelMarketData,
  tickByTick,
  cancelTickByTick,
  historicalTicks,
  historicalData,
  cancelHistoricalData,
  positions,
  ...accountRequests,
  ...notServed,
]
