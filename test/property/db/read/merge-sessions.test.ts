import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { mergeSessions, type SessionStream } from '../../../../db/read/merge-sessions.ts'
import type { TapeRecord } from '../../../../market/tick.ts'

/** Sessions that overlap more often than not, with equal times, in chunks of any size, empty ones too. */
const sessions = fc
  .array(fc.tuple(fc.nat(20), fc.array(fc.tuple(fc.nat(3), fc.boolean()), { maxLength: 12 })), { maxLength: 5 })
  .map((all) => all.sort(([a], [b]) => a - b).map(([firstTsUs, steps], i) => recorded(i + 1, firstTsUs, steps)))

interface Recorded {
  sessionId: number
  firstTsUs: number
  chunks: TapeRecord[][]
}

function recorded(sessionId: number, firstTsUs: number, steps: [number, boolean][]): Recorded {
  const chunks: TapeRecord[][] = [[]]
  let tsUs = firstTsUs
  for (const [i, [step, ends]] of steps.entries()) {
    tsUs += step
    chunks.at(-1)?.push({ kind: 'session', event: 'alive', seq: i + 1, tsUs })
    if (ends) chunks.push([])
  }
  return { sessionId, firstTsUs, chunks }
}

/** The session as a stream that keeps account of what is done with it. */
function streamOf({ sessionId, firstTsUs, chunks }: Recorded, account: { opened: number[]; closed: number[] }): SessionStream {
  return {
    sessionId,
    firstTsUs,
    open: async () => {
      account.opened.push(sessionId)
      return (async function* () {
        try {
          yield* chunks
        } finally {
          account.closed.push(sessionId)
        }
      })()
    },
  }
}

const account = () => ({ opened: [] as number[], closed: [] as number[] })

describe('sessions merged by time', () => {
  it('come as if sorted by time and, at equal times, by session; none is opened before its time', async () => {
    await fc.assert(
      fc.asyncProperty(sessions, async (all) => {
        const expected = all
          .flatMap(({ sessionId, chunks }) => chunks.flat().map(({ seq, tsUs }) => ({ sessionId, seq, tsUs })))
          .sort((a, b) => a.tsUs - b.tsUs || a.sessionId - b.sessionId || a.seq - b.seq)
        const seen = account()
        const found = []
        for await (const { sessionId, records } of mergeSessions(all.map((one) => streamOf(one, seen)))) {
          expect(records.length).toBeGreaterThan(0)
          for (const { seq, tsUs } of records) found.push({ sessionId, seq, tsUs })
          const lastUs = records.at(-1)?.tsUs ?? 0
          for (const { sessionId: id, firstTsUs } of all)
            if (firstTsUs > lastUs && found.length < expected.length && expected.some((e) => e.tsUs > lastUs && e.tsUs < firstTsUs))
              expect(seen.opened).not.toContain(id)
        }
        expect(found).toEqual(expected)
        expect(new Set(seen.closed)).toEqual(new Set(seen.opened))
        expect(seen.closed).toHaveLength(all.length)
        expect(seen.opened).toHaveLength(all.length)
      }),
      { numRuns: 500 },
    )
  })

  it('are closed when the consumer stops early', async () => {
    const seen = account()
    const all = [
      recorded(1, 0, [
        [1, true],
        [1, false],
      ]),
      recorded(2, 1, [
        [0, true],
        [5, false],
      ]),
    ]
    for await (const { sessionId } of mergeSessions(all.map((one) => streamOf(one, seen)))) if (sessionId === 2) break
    expect(seen).toEqual({ opened: [1, 2], closed: expect.arrayContaining([1, 2]) })
  })
})
