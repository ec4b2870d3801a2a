import { describe, expect, it } from 'vitest'

import { Owners, type SessionCover } from '../../../../backtester/dataset/owners.ts'
import type { Span } from '../../../../market/coverage.ts'

const span = (fromUs: number, toUs: number): Span => ({ fromUs, toUs })

const session = (
  sessionId: number,
  [fromUs, toUs]: [number, number],
  { held = [], lost = [], lostAll = [] }: { held?: Span[]; lost?: Span[]; lostAll?: Span[] } = {},
): SessionCover => ({
  sessionId,
  fromUs,
  toUs,
  held: new Map([[7, held]]),
  lost: new Map([
    [7, lost],
    [undefined, lostAll],
  ]),
})

const ownersAt = (owners: Owners, ...times: number[]) => times.map((tsUs) => owners.ownerOf(7, tsUs))

describe('the source of an instrument where sessions overlap', () => {
  it('is the session that began first, of those that held its line', () => {
    const owners = new Owners([session(1, [0, 100], { held: [span(10, 100)] }), session(2, [5, 200], { held: [span(5, 200)] })])
    expect(owners.overlap).toBe(true)
    expect(ownersAt(owners, 0, 5, 9, 10, 99, 100, 199, 200)).toEqual([1, 2, 2, 1, 1, 2, 2, undefined])
  })

  it('is the other session while the first has a gap of the line or of all lines', () => {
    const first = session(1, [0, 100], { held: [span(0, 100)], lost: [span(20, 30)], lostAll: [span(50, 60)] })
    const owners = new Owners([first, session(2, [0, 100], { held: [span(0, 100)] })])
    expect(ownersAt(owners, 19, 20, 29, 30, 49, 50, 59, 60)).toEqual([1, 2, 2, 1, 1, 2, 2, 1])
  })

  it('stays the first one in a gap that both have', () => {
    const lostAll = [span(20, 30)]
    const owners = new Owners([
      session(1, [0, 100], { held: [span(0, 100)], lostAll }),
      session(2, [0, 100], { held: [span(0, 100)], lostAll }),
    ])
    expect(ownersAt(owners, 10, 25, 40)).toEqual([1, 1, 1])
  })

  it('is the first session that ran where none names its lines', () => {
    const owners = new Owners([session(1, [0, 100]), session(2, [50, 150])])
    expect(ownersAt(owners, 49, 50, 99, 100, 149)).toEqual([1, 1, 1, 2, 2])
  })

  it('is asked for only where two sessions run at the same time', () => {
    expect(new Owners([session(1, [0, 100]), session(2, [100, 200])]).overlap).toBe(false)
    expect(new Owners([session(1, [0, 300]), session(2, [100, 200]), session(3, [250, 400])]).overlap).toBe(true)
  })
})

describe('a gap', () => {
  const whole = (sessionId: number, from: number, to: number) => session(sessionId, [from, to], { held: [span(from, to)] })

  it('is left only where no other session held the line', () => {
    const first = session(1, [0, 100], { held: [span(0, 100)], lost: [span(20, 60)] })
    const owners = new Owners([first, whole(2, 30, 40), whole(3, 50, 200)])
    expect(owners.unfilled(span(20, 60), [7])).toEqual([span(20, 30), span(40, 50)])
    expect(owners.unfilled(span(30, 40), [7])).toEqual([])
  })

  it('is left whole where no session ran, and where nothing says of which lines it is', () => {
    const owners = new Owners([whole(1, 0, 10), whole(2, 20, 30)])
    expect(owners.unfilled(span(5, 25), [7])).toEqual([span(10, 20)])
    expect(owners.unfilled(span(5, 25), [])).toEqual([span(5, 25)])
  })

  it('of several lines is left while one of them was held by none', () => {
    const owners = new Owners([session(1, [0, 100], { held: [span(0, 100)], lostAll: [span(20, 60)] }), whole(2, 0, 100)])
    expect(owners.unfilled(span(20, 60), [7])).toEqual([])
    expect(owners.unfilled(span(20, 60), [7, 8])).toEqual([span(20, 60)])
  })
})
