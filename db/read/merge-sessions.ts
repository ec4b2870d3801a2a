/**
 * Merges sessions by time. Sessions mostly follow each other and only those of several collectors overlap, so a session is opened when
 * the merged time reaches its begin: one set of connections at a time is the rule.
 */

import type { RecordChunk } from '../../market/record-source.ts'
import type { TapeRecord } from '../../market/tick.ts'

export interface SessionStream {
  sessionId: number
  /** No record of it is earlier. */
  firstTsUs: number
  /** Its records, ordered by (tsUs, seq). */
  open: () => Promise<AsyncIterable<TapeRecord[]>>
}

interface Head {
  sessionId: number
  /** Position among the inputs: at equal times the earlier session comes first. */
  rank: number
  iterator: AsyncIterator<TapeRecord[]>
  chunk: TapeRecord[]
  next: number
}

/** @param streams ordered by `firstTsUs` */
export async function* mergeSessions(streams: readonly SessionStream[]): AsyncGenerator<RecordChunk> {
  const heads: Head[] = []
  let opened = 0
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
      while (opened < streams.length && (!head || (streams[opened] as SessionStream).firstTsUs <= timeOf(head))) {
        await openNext()
        head = earliest(heads)
      }
      if (!head) continue
      const end = endOfRun(head, heads, streams[opened]?.firstTsUs)
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

function timeOf({ chunk, next }: Head): number {
  return (chunk[next] as TapeRecord).tsUs
}

function earliest(heads: readonly Head[]): Head | undefined {
  let best: Head | undefined
  for (const head of heads)
    if (!best || timeOf(head) < timeOf(best) || (timeOf(head) === timeOf(best) && head.rank < best.rank)) best = head
  return best
}

/** Behind the last record of `head` that comes before all others, those of the session that is to be opened next included. */
function endOfRun(head: Head, heads: readonly Head[], nextOpensTsUs = Number.POSITIVE_INFINITY): number {
  let limit = nextOpensTsUs
  let mayEqual = false
  for (const other of heads) {
    if (other === head || timeOf(other) > limit) continue
    mayEqual = timeOf(other) < limit ? head.rank < other.rank : mayEqual && head.rank < other.rank
    limit = timeOf(other)
  }
  const { chunk } = head
  const isBefore = (tsUs: number) => tsUs < limit || (mayEqual && tsUs === limit)
  if (isBefore((chunk.at(-1) as TapeRecord).tsUs)) return chunk.length
  let end = head.next + 1
  while (end < chunk.length && isBefore((chunk[end] as TapeRecord).tsUs)) end++
  return end
}
