import { expect, it } from 'vitest'

import { OpenEpisode, OpenEpisodes } from '../../../../market/arbitrage/episodes.ts'
import type { Assessment, Candidate, Leg } from '../../../../market/arbitrage/opportunity.ts'

const STOCK = 0
const AT = { sessionId: 7, seq: 1, tsUs: 1, number: 1, turn: 1 }

/** The stock bought and an option sold. */
function candidateOf(option: number, fields: Partial<Candidate> = {}): Candidate {
  const trades = [
    { instrument: STOCK, side: 'buy', ratio: 1, price: 100 },
    { instrument: option, side: 'sell', ratio: 1, price: 3 },
  ] as const
  const dates = { expiry: '2014-07-19', lastExpiry: '2014-07-19' }
  return {
    detector: 'conversion',
    trades,
    ...dates,
    worth: 100,
    cost: 97,
    certainty: 'guaranteed',
    assumptions: [],
    capital: 97,
    ...fields,
  }
}

/** Of the assessment only what the list asks for. */
function assessmentOf({ detector, trades }: Candidate): Assessment {
  return { detector, legs: trades as readonly Leg[], profit: 1, edgePerShare: 1, size: 1 } as unknown as Assessment
}

function opened(options: readonly number[]): { episodes: OpenEpisodes; looks: () => number } {
  const episodes = new OpenEpisodes()
  let looks = 0
  for (const option of options) {
    const assessment = assessmentOf(candidateOf(option))
    const { detector, legs } = assessment
    Object.defineProperty(assessment, 'legs', { get: () => (looks++, legs) })
    Object.defineProperty(assessment, 'detector', { get: () => (looks++, detector) })
    episodes.add(new OpenEpisode(candidateOf(option), assessment, AT, 8))
  }
  return { episodes, looks: () => looks }
}

const THOUSAND = Array.from({ length: 1000 }, (_, i) => i + 1)

it('finds one among a thousand of a stock without looking at the others', () => {
  const { episodes, looks } = opened(THOUSAND)
  const before = looks()
  expect(episodes.find(candidateOf(900))?.opened.legs[1]?.instrument).toBe(900)
  expect(looks() - before).toBeLessThan(10)
})

it('tells apart what differs in detector, certainty, side, ratio or number of trades, and nothing else', () => {
  const { episodes } = opened([1])
  const candidate = candidateOf(1)
  const [stock, option] = candidate.trades as [Leg, Leg]
  const dearer = { ...candidate, worth: 120, trades: [{ ...stock, price: 90 }, option] }
  expect(episodes.find(dearer)).toBeDefined()
  for (const other of [
    { detector: 'reversal' },
    { certainty: 'expected' as const },
    { trades: [stock] },
    { trades: [option, stock] },
    { trades: [{ ...stock, side: 'sell' as const }, option] },
    { trades: [{ ...stock, ratio: 11 }, option] },
  ])
    expect(episodes.find({ ...candidate, ...other })).toBeUndefined()
})

it('lists what is open by leg, in the order of opening, and forgets what was closed while it is gone through', () => {
  const { episodes } = opened([3, 1, 2])
  const optionOf = ({ opened: { legs } }: OpenEpisode) => legs[1]?.instrument
  const seen: unknown[] = []
  for (const episode of episodes.of(STOCK) ?? []) {
    seen.push(optionOf(episode))
    episodes.delete(episode)
  }
  expect(seen).toEqual([3, 1, 2])
  expect(episodes.size).toBe(0)
  expect(episodes.all()).toEqual([])
  expect(episodes.of(STOCK)).toBeUndefined()
  expect(episodes.of(1)).toBeUndefined()
})
