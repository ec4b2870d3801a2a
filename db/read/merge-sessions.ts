/**
 * Merges sessions by time. Sessions mostly follow each other and only those of several collectors overlap, so a session is opened when
 * the merged time reaches its begin: one set of connections at a time is the rule.
 */

import type { RecordChunk } from '../../market/record-source.ts'
import type { TapeRecord } from '../../market/tick.ts'

export interface SessionStream {
  sessionId: number
  /** Lower bound of the times of its records. */
  firstTsUs: number
  /** Its records, ordered by (tsUs, seq). */
  open: () => Promise<AsyncIterable<TapeRecord[]>>
}

interface Head {
  sessionId: number
  /** Position among the inputs. */
  rank: number
  iterator: AsyncIterator<TapeRecord[]>
  chunk: TapeRecord[]
  next: number
}

/** @param streams ordered by `firstTsUs` */
export async function* mergeSessions(streams: readonly SessionStream[]): AsyncGenerator<RecordChunk> {
  const heads: Head[] = []
  let opened = 0
  const opensAt = (rank: number) => streams[rank]?.firstTsUs ?? Number.POSITIVE_INFINITY
  const openNext = async () => {
    const rank = opened++
    const { sessionId, open } = streams[rank] as SessionStream
    const head = { sessionId, rank, iterator: (await open())[Symbol.asyncIterator](), chunk: [], next: 0 }
    heads.push(head)
    await refillOrRemove(heads, head)
  }
  let failed = false
  try {
    while (heads.length > 0 || opened < streams.length) {
      let head = earliest(heads)
      while (opened < streams.length && (!head || opensAt(opened) <= placeOf(head).tsUs)) {
        await openNext()
        head = earliest(heads)
      }
      if (!head) continue
      const end = endOfRun(head, heads, { tsUs: opensAt(opened), rank: opened })
      const records = head.next === 0 && end === head.chunk.length ? head.chunk : head.chunk.slice(head.next, end)
      head.next = end
      yield { sessionId: head.sessionId, records }
      if (head.next === head.chunk.length) await refillOrRemove(heads, head)
    }
  } catch (error) {
    failed = true
    throw error
  } finally {
    // A stream left behind would keep connections open. One that cannot be closed must not hide the failure that ended the merge.
    const closing = heads.map(async ({ iterator }) => iterator.return?.())
    await Promise.allSettled(closing)
    if (!failed) await Promise.all(closing)
  }
}

async function refillOrRemove(heads: Head[], head: Head): Promise<void> {
  do {
    const { value, done } = await head.iterator.next()
    if (done) {
      heads.splice(heads.indexOf(head), 1)
      return
    }
    head.chunk = value
    head.next = 0
  } while (head.chunk.length === 0)
}

/** Where a session stands: at equal times the one that began first comes first. */
interface Place {
  tsUs: number
  rank: number
}

function placeOf({ chunk, next, rank }: Head): Place {
  return { tsUs: (chunk[next] as TapeRecord).tsUs, rank }
}

function isBefore(a: Place, b: Place): boolean {
  return a.tsUs < b.tsUs || (a.tsUs === b.tsUs && a.rank < b.rank)
}

function earliest(heads: readonly Head[]): Head | undefined {
  let best: Head | undefined
  for (const head of heads) if (!best || isBefore(placeOf(head), placeOf(best))) best = head
  return best
}

/** Behind the last record of `head` that comes before all others, those of the session that is to be opened next included. */
function endOfRun(head: Head, heads: readonly Head[], nextOpens: Place): number {
  let limit = nextOpens
  for (const other of heads) if (other !== head && isBefore(placeOf(other), limit)) limit = placeOf(other)
  const { chunk, rank } = head
  const comesFirst = (record: TapeRecord | undefined) => record !== undefined && isBefore({ tsUs: record.tsUs, rank }, limit)
  if (comesFirst(chunk.at(-1))) return chunk.length
  let end = head.next + 1
  while (comesFirst(chunk[end])) end++
  return end
}
