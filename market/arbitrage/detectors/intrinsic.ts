/**
 * Intrinsic value: an American option brings max(S - K, 0), a put max(K - S, 0), to whoever exercises it now. Offered for less, against the
 * underlying's opposite side, it is bought, the underlying sold (a put: bought) and the option exercised the same day.
 *
 * Guaranteed, whatever rates and dividends are: option, underlying and exercise are of one trade date, so that nothing is borrowed, held or
 * owed overnight.
 * European options are worth less than that at times, and are left to parity. Options that exercise turns into cash pay the close, which
 * nobody trades at. Where it is not known whether options are American, it is only expected.
 * Source: Hull, Options, Futures, and Other Derivatives, ch. 11.3.
 */

import type { Chain } from '../../state/chain.ts'
import { type Desk, type Detector, LEAST_EDGE } from '../detector.ts'
import { buy, buyUnderlying, candidateOf, earlyExercise, isExercisedIntoCash, sellUnderlying } from '../statement.ts'

const NAME = 'intrinsic'
/** Exercised on the day it is bought, however far the expiry is. */
const DAYS = 1

export const intrinsic: Detector = {
  name: NAME,
  about: 'An American option offered for less than its exercise brings now.',
  onOption({ chain, right, index }, desk) {
    if (chain.style === 'american') look(chain, right, index, desk)
  },
  onUnderlying(chain, desk) {
    if (chain.style !== 'american') return
    const { strikes, length, underlying } = chain
    const { bidPrice, askPrice } = underlying
    const [calls, puts] = [chain.calls.askPrices, chain.puts.askPrices]
    for (let at = 0; at < length; at++) {
      const strike = strikes[at] as number
      if (bidPrice - strike - (calls[at] as number) > LEAST_EDGE) look(chain, 'C', at, desk)
      if (strike - askPrice - (puts[at] as number) > LEAST_EDGE) look(chain, 'P', at, desk)
    }
  },
}

function look(chain: Chain, right: 'C' | 'P', at: number, desk: Desk): void {
  const { underlying, calls, puts } = chain
  const strike = chain.strikeAt(at)
  const edge =
    right === 'C'
      ? underlying.bidPrice - strike - (calls.askPrices[at] as number)
      : strike - underlying.askPrice - (puts.askPrices[at] as number)
  if (!(edge > LEAST_EDGE)) return
  if (isExercisedIntoCash(chain)) return desk.refuse(NAME, 'underlying-not-executable')
  const assumptions = earlyExercise(chain)
  const candidate =
    right === 'C'
      ? candidateOf({
          detector: NAME,
          trades: [sellUnderlying(underlying), buy(calls, at)],
          chain,
          worth: -strike,
          assumptions,
          margin: strike + (calls.askPrices[at] as number),
        })
      : candidateOf({ detector: NAME, trades: [buyUnderlying(underlying), buy(puts, at)], chain, worth: strike, assumptions })
  desk.report({ ...candidate, days: DAYS })
}
