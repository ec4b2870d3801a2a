import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { connectClient } from '../../db/pool.ts'
import { storedOpportunities } from '../../db/read/queries/opportunities.ts'
import { replaceOpportunities, storeOpportunities } from '../../db/write/opportunities.ts'
import type { Episode } from '../../market/arbitrage/episode.ts'
import type { Assessment } from '../../market/arbitrage/opportunity.ts'
import { WriteError } from '../../market/errors.ts'
import { anyEpisode, assessment, episode } from '../support/arbitrage/episodes.ts'
import { forEachEdition } from '../support/database/databases.ts'

const settings = { preset: 'balanced', minProfit: 10 }
const found = (...episodes: Episode[]) => episodes.map((one) => ({ episode: one, settings }))

/** What a reader gets of it: legs without numbers of the tape, and nothing of the last moment. */
function named({ opened, best, last: _last, lastUs: _lastUs, ...rest }: Episode): object {
  const withoutNumbers = ({ legs, ...figures }: Assessment) => ({ ...figures, legs: legs.map(({ instrument: _number, ...leg }) => leg) })
  return { ...rest, opened: withoutNumbers(opened), best: withoutNumbers(best) }
}

forEachEdition('opportunities in the database', ({ createTapeDatabase }) => {
  let client: pg.Client
  beforeAll(async () => {
    client = await connectClient(await createTapeDatabase())
  })
  afterAll(() => client.end())
  beforeEach(async () => {
    await client.query('DELETE FROM opportunities')
  })

  const read = async (query = {}) => (await storedOpportunities(client, query)).map(({ settings: _settings, ...rest }) => rest)
  const legs = async () => (await client.query<{ legs: number }>('SELECT count(*)::int AS legs FROM opportunity_legs')).rows[0]?.legs

  it('come back as they were found', async () => {
    await storeOpportunities(client, found(episode()))
    expect(await storedOpportunities(client, {})).toEqual([{ ...named(episode()), settings }])
    await fc.assert(
      fc.asyncProperty(anyEpisode, async (any) => {
        await client.query('DELETE FROM opportunities')
        await storeOpportunities(client, found(any))
        expect(await read({ id: any.id })).toEqual([named(any)])
      }),
      { numRuns: 60 },
    )
  })

  it('are stored once, however often they are given', async () => {
    const second = episode({ id: '4711-17-2' })
    await storeOpportunities(client, found(episode()))
    await storeOpportunities(client, found(episode({ quotes: 99 }), second))
    await storeOpportunities(client, [])
    expect(await read()).toEqual([named(episode()), named(second)])
    expect(await legs()).toBe(12)
  })

  it('of a part of a session give way to what a scan of that part found', async () => {
    const at = (id: string, openedUs: number, symbol = 'TWX', sessionId = 4711) => {
      const of = assessment({ underlying: { symbol, currency: 'USD' } })
      return episode({ id, openedUs, bestUs: openedUs, course: [], opened: of, best: of, sessionId })
    }
    const before = [at('a', 1e12), at('b', 2e12), at('c', 3e12), at('d', 2e12, 'FOXA'), at('e', 2e12, 'TWX', 4712)]
    await storeOpportunities(client, found(...before))
    const part = { sessionId: 4711, fromUs: 2e12, toUs: 3e12, symbols: ['TWX'] }
    expect(await replaceOpportunities(client, part, found(at('f', 2.5e12)))).toBe(1)
    expect((await read()).map(({ id }) => id)).toEqual(['a', 'd', 'e', 'f', 'c'])
    expect((await read({ ...part, symbols: ['FOXA', 'IBM'] })).map(({ id }) => id)).toEqual(['d'])
    expect(await replaceOpportunities(client, { sessionId: 4711 }, [])).toBe(4)
    expect((await read()).map(({ id }) => id)).toEqual(['e'])
    expect(await legs()).toBe(6)
  })

  it('are not stored while they are open, nor in part when the database refuses one', async () => {
    const open = episode({ closedUs: undefined, ending: undefined })
    await expect(storeOpportunities(client, found(open))).rejects.toThrow(/4711-17-1 is still open/)
    const bad = episode({ id: 'bad', best: assessment({ expiry: '2014-02-30' }) })
    await expect(storeOpportunities(client, found(episode(), bad))).rejects.toThrow(WriteError)
    await expect(replaceOpportunities(client, { sessionId: 4711 }, found(bad))).rejects.toThrow(/did not take opportunities: .*2014-02-30/)
    expect(await read()).toEqual([])
    await storeOpportunities(client, found(episode()))
    expect(await read()).toHaveLength(1)
  })

  it('are a line each in the view, but for those that opened within a gap', async () => {
    await storeOpportunities(client, found(episode(), episode({ id: '4711-17-2', ending: 'within-gap' })))
    const { rows } = await client.query<Record<string, unknown>>('SELECT * FROM arbitrage_opportunities')
    expect(rows).toEqual([
      expect.objectContaining({
        strategy: 'conversion',
        symbol: 'TWX',
        profit: '82',
        duration: expect.objectContaining({ seconds: 1, milliseconds: 250 }),
        legs: 'buy 1 TWX at 69.5; buy 1 TWX 2014-06-21 70 P at 1.2; sell 1 TWX 2014-06-21 70 C at 0.8',
      }),
    ])
  })
})
