import { describe, expect, it } from 'vitest'

import { genericEntries, genericNumber, genericsRefusal } from '../../../../../backtester/gateway/protocol/generic-ticks.ts'

const refusal = (list: string, secType: 'STK' | 'OPT' | 'IND' | 'FUT' = 'STK') => genericsRefusal(genericEntries(list), secType)

describe('a list of generic ticks', () => {
  it.each(['', '100', '100,101,106,233,236,456', '220;221;232', '104', '292:BRFG+DJNL', 'mdoff,292:BZ', ' 233 , 236 ,', '588,595'])(
    'of %j is legal for a stock',
    (list) => {
      expect(refusal(list)).toBeUndefined()
    },
  )

  it.each(['162', '999', '1', '-100', '1e2', '100 101', 'x', '2330'])('with %j is refused whole', (entry) => {
    expect(refusal(`233,${entry}`)).toMatch(/^Incorrect generic tick list of 233,.*\. {2}Legal ones for \(STK\) are: 100,101,/)
  })

  it('may name the premium of an index future for an index, which has no short-term volume', () => {
    expect(refusal('162', 'IND')).toBeUndefined()
    expect(refusal('595', 'IND')).toContain('Legal ones for (IND) are: ')
    expect(refusal('162', 'OPT')).toContain('Legal ones for (OPT) are: ')
    expect(refusal('162,595', 'FUT')).toBeUndefined()
  })

  it('is quoted in a few words, however long it is', () => {
    expect(refusal('9'.repeat(1_000_000))?.length).toBeLessThan(300)
  })

  it('has numbers, which the name of a provider may follow', () => {
    expect(['100', '292:BRFG', 'x', ''].map(genericNumber)).toEqual([100, 292, Number.NaN, Number.NaN])
  })
})
