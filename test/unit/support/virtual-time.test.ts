import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { VirtualTime } from '../../support/virtual-time.ts'

const START_MS = Date.UTC(2024, 10, 5, 14, 30)

let time: VirtualTime
beforeEach(() => {
  time = new VirtualTime(START_MS, () => false)
  time.install()
})
afterEach(() => time.uninstall())

it('timers fire in the order of their times, each with the clocks at its own, and no sooner', async () => {
  const fired: [string, number, number][] = []
  const beganMs = performance.now()
  const note = (what: string) => fired.push([what, Date.now() - START_MS, performance.now() - beganMs])
  const every = setInterval(() => note('every 40'), 40)
  setTimeout(note, 90, 'at 90')
  const late = setTimeout(note, 100, 'never')
  const moved = setTimeout(note, 60, 'moved')
  void sleep(70).then(() => note('slept 70'))
  await time.advanceTo(START_MS + 50)
  moved.refresh()
  clearTimeout(late)
  await time.advanceTo(START_MS + 100)
  clearInterval(every)
  await time.advanceTo(START_MS + 1000)
  expect(fired).toEqual([
    ['every 40', 40, 40],
    ['slept 70', 70, 70],
    ['every 40', 80, 80],
    ['at 90', 90, 90],
    ['moved', 110, 110],
  ])
  expect(new Date().toISOString()).toBe('2024-11-05T14:30:01.000Z')
})

it('what a timer sets off is over before time goes on: promises, immediates and what they set off', async () => {
  const seenMs: number[] = []
  setTimeout(() => {
    void Promise.resolve()
      .then(() => new Promise((resolve) => void setImmediate(resolve)))
      .then(() => setImmediate(() => seenMs.push(Date.now() - START_MS)))
  }, 10)
  setTimeout(() => seenMs.push(Date.now() - START_MS), 11)
  await time.advanceTo(START_MS + 20)
  expect(seenMs).toEqual([10, 11])
})

it('a sleep that is aborted rejects, and the process has its own time again in the end', async () => {
  const abort = new AbortController()
  const slept = sleep(1000, undefined, { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(slept).rejects.toThrow('enough')
  time.uninstall()
  expect(Math.abs(Date.now() - START_MS)).toBeGreaterThan(1_000_000)
  await sleep(1)
})
