import { describe, expect, it } from 'vitest'
import { StallMeter } from '../../../../collector/gaps/stall.ts'

/** What the meter said in each second in which so many ticks came. */
function stalls(...ticksBySecond: number[]): number[] {
  const meter = new StallMeter()
  let ticks = 0
  return ticksBySecond.flatMap((came, second) => {
    ticks += came
    return meter.second(ticks) ? [second] : []
  })
}

const busy = (seconds: number) => Array<number>(seconds).fill(100)
const silent = (seconds: number) => Array<number>(seconds).fill(0)

describe('a stall', () => {
  it('is silence of three seconds behind busy ones, noticed once', () => {
    expect(stalls(...busy(5), ...silent(16), ...busy(5))).toEqual([7])
  })

  it('is not two seconds of silence', () => {
    expect(stalls(...busy(5), ...silent(2), ...busy(5), ...silent(2), ...busy(3))).toEqual([])
  })

  it('is not the silence of a feed that has little to say', () => {
    expect(stalls(...Array<number>(20).fill(5), ...silent(10))).toEqual([])
    expect(stalls(100, 0, 100, 0, 100, ...silent(10))).toEqual([])
  })

  it('takes three times as long as the longest one that a feed has come back from', () => {
    expect(stalls(...busy(5), ...silent(4), ...busy(5), ...silent(10), ...busy(5), ...silent(13))).toEqual([7])
    expect(stalls(...busy(5), ...silent(4), ...busy(5), ...silent(20))).toEqual([7, 25])
  })
})
