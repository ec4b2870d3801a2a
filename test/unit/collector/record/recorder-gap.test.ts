import { describe, expect, it } from 'vitest'

import { onGatewayTime, START_US } from './recorder-support.ts'

describe('a gap', () => {
  it('is recorded; an empty one is not', async () => {
    const { recorder, tapes } = await onGatewayTime()
    recorder.begin()
    expect(recorder.gap({ fromTsUs: START_US - 500, toTsUs: START_US, cause: 'collector-crash' })).toBe(true)
    expect(recorder.gap({ fromTsUs: START_US, toTsUs: START_US, cause: 'empty' })).toBe(false)
    expect(recorder.gap({ fromTsUs: START_US, toTsUs: START_US - 1, cause: 'backwards' })).toBe(false)
    expect(recorder.gap({ fromTsUs: Number.NaN, toTsUs: START_US, cause: 'unknown' })).toBe(false)
    await recorder.end('test')

    expect((await tapes())[0]?.filter(({ kind }) => kind === 'gap')).toEqual([
      { kind: 'gap', seq: 3, tsUs: START_US + 2, fromTsUs: START_US - 500, toTsUs: START_US, cause: 'collector-crash' },
    ])
  })
})
