/**
 * The detectors on markets that have no arbitrage by construction: nothing guaranteed may be found, before fees and at any size.
 * `QUOTES=1000000` looks at a million quotes; `SEED=17` begins with that market.
 */

import { expect, it } from 'vitest'

import { Arbitrage } from '../../../../market/arbitrage/arbitrage.ts'
import { DETECTORS } from '../../../../market/arbitrage/detectors/index.ts'
import type { Episode } from '../../../../market/arbitrage/episode.ts'
import { describeContract } from '../../../../market/contract.ts'
import { FairMarket } from '../../../support/arbitrage/fair-market.ts'
import { WITHOUT_FEES } from '../../../support/arbitrage/settings.ts'
import { unexpected } from '../../../support/unexpected.ts'

const QUOTES = Number(process.env['QUOTES'] ?? 20_000)
const FIRST_SEED = Number(process.env['SEED'] ?? 1)
const MOVES = 4
const LONG_MS = 1_200_000

it(
  `${QUOTES} quotes of fair markets hold nothing that is guaranteed`,
  () => {
    /** The first of each detector. */
    const found = new Map<string, string>()
    const expected = new Map<string, number>()
    let market = new FairMarket(FIRST_SEED)
    const opened = (episode: Episode) => {
      const { detector, certainty, assumptions } = episode.opened
      if (certainty === 'guaranteed' && !found.has(detector))
        found.set(detector, `seed ${episode.sessionId}, ${market.draft.name}: ${described(episode)}`)
      else if (certainty === 'expected') {
        // What nobody said may be missed; what is known must not be named as a reason.
        for (const [input, isKnown] of Object.entries({ rate: market.draft.knows.rates, borrow: market.draft.knows.borrow }))
          if (isKnown) expect(assumptions).not.toContain(`${input}-unknown`)
        expected.set(detector, (expected.get(detector) ?? 0) + 1)
      }
    }
    const arbitrage = new Arbitrage({
      detectors: DETECTORS,
      settings: WITHOUT_FEES,
      onEpisode: (event, episode) => event === 'opened' && opened(episode),
      onDetectorError: (detector, error) => unexpected(`${detector}: ${String(error)}`),
    })
    let seed = FIRST_SEED
    for (; arbitrage.funnel.quotes < QUOTES; seed++) {
      market = new FairMarket(seed)
      for (const record of market.records(MOVES)) arbitrage.take(record, seed)
    }
    arbitrage.finish()
    const { funnel } = arbitrage
    const counts = [...expected].map(([detector, count]) => `${detector} ${count}`).join(', ')
    console.log(
      `${funnel.quotes} quotes of ${seed - FIRST_SEED} fair markets: ${funnel.candidates} candidates, ${funnel.refused('carry')} refused as carry; expected: ${counts}`,
    )
    expect([...found.values()]).toEqual([])
    // The detectors have looked: at prices that are far out of order as long as carry is left out.
    expect(funnel.refused('carry')).toBeGreaterThan(QUOTES / 100)
    expect(expected.size).toBeGreaterThan(2)
  },
  LONG_MS,
)

function described({ opened: { detector, legs, grossEdgePerShare, carry } }: Episode): string {
  const trades = legs.map(({ side, ratio, contract, price }) => `${side} ${ratio} ${describeContract(contract)} at ${price}`)
  return `${detector} ${grossEdgePerShare}: ${trades.join(', ')} ${JSON.stringify(carry)}`
}
