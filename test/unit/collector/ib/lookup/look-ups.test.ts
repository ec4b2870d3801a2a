import { expect, it } from 'vitest'
import { SILENT } from '../../../../../collector/ib/link/requests.ts'
import { LookUps } from '../../../../../collector/ib/lookup/look-ups.ts'
import { FeedError } from '../../../../../market/errors.ts'

it('look-ups are in flight three at a time, one at a time behind one without an answer, and three again on another day', async () => {
  const lookUps = new LookUps()
  const started: number[] = []
  const ask = (from: number) => {
    for (let i = from; i < from + 5; i++)
      void lookUps.run(() => {
        started.push(i)
        return new Promise(() => undefined)
      })
  }
  const silent = () => Promise.reject(new FeedError('The gateway did not answer.', { code: SILENT }))
  await expect(lookUps.run(silent)).rejects.toThrow('did not answer')
  ask(1)
  expect(started).toEqual([1])
  lookUps.renew()
  expect(started).toEqual([1, 2, 3])
})
