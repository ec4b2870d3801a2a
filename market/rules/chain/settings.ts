import { z } from 'zod'

/** What a bound between quotes of one chain may be broken by before anything is said. */
export const tolerance = z
  .number({ error: 'a price of 0 or above' })
  .min(0, { error: 'a price of 0 or above' })
  .default(0.05)
  .describe('How far a bound may be broken, in price, besides what the underlying has moved since.')

/** The same against the underlying, whose quote and the option's are never of the very same moment. */
export const spotPercent = z
  .number({ error: 'a percentage of 0 or above' })
  .min(0, { error: 'a percentage of 0 or above' })
  .default(0.1)
  .describe("The same in percent of the underlying's price, on top.")

export const indexPercent = z
  .number({ error: 'a percentage of 0 or above' })
  .min(0, { error: 'a percentage of 0 or above' })
  .default(1)
  .describe('The same for an index, whose value nobody trades at and which may lag.')
