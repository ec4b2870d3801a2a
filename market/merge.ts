/**
 * Ordered merge of record streams. Streams come in chunks (arrays) so that the cost of an await is paid once
 * per chunk and not once per record.
 */

interface Ordered {
  tsUs: number
  seq: number
}

interface Head<T> {
  iterator: AsyncIterator<T[]>
  chunk: T[]
  next: number
  /** Position among the inputs: equal stamps keep the order of the inputs. */
  rank: number
}

const CHUNK_RECORDS = 4096
/** A chunk of as many is worth passing on as it is. */
const WHOLE_RECORDS = 256

/**
 * Merges streams that are each ordered by (tsUs, seq) into one that is.
 * Records equal in both keep the order in which their streams were given. Pulls one chunk at a time from each stream,
 * and closes all that are not exhausted when the consumer stops early or a stream fails.
 */
export async function* mergeOrdered<T extends Ordered>(streams: AsyncIterable<T[]>[]): AsyncGenerator<T[]> {
  const heads: Head<T>[] = []
  let failed = false
  try {
    for (const [rank, stream] of streams.entries()) heads.push({ iterator: stream[Symbol.asyncIterator](), chunk: [], next: 0, rank })
    for (const head of heads.slice()) await refillOrRemove(heads, head)
    let out: T[] = []
    while (heads.length > 1) {
      const head = earliest(heads)
      // Mostly the other streams have nothing for a while, as what lies between ticks: the chunk goes on as it is.
      if (head.next === 0 && head.chunk.length >= WHOLE_RECORDS && isAllBefore(head, heads)) {
        if (out.length > 0) yield out
        out = []
        yield head.chunk
        head.next = head.chunk.length
      } else out.push(head.chunk[head.next++] as T)
      if (head.next === head.chunk.length) await refillOrRemove(heads, head)
      if (out.length === CHUNK_RECORDS) {
        yield out
        out = []
      }
    }
    if (out.length > 0) yield out
    for (let last = heads[0]; last; last = heads[0]) {
      yield last.next === 0 ? last.chunk : last.chunk.slice(last.next)
      await refillOrRemove(heads, last)
    }
  } catch (error) {
    failed = true
    throw error
  } finally {
    // A stream left behind would keep a file or a database cursor open. One that cannot be closed must neither
    // keep the others from being closed nor hide the failure that ended the merge.
    const closing = heads.map(async (head) => head.iterator.return?.())
    await Promise.allSettled(closing)
    if (!failed) await Promise.all(closing)
  }
}

async function refillOrRemove<T>(heads: Head<T>[], head: Head<T>): Promise<void> {
  if (!(await refill(head))) heads.splice(heads.indexOf(head), 1)
}

/** False when the stream is exhausted. Empty chunks are passed over. */
async function refill<T>(head: Head<T>): Promise<boolean> {
  do {
    const { value, done } = await head.iterator.next()
    if (done) return false
    head.chunk = value
    head.next = 0
  } while (head.chunk.length === 0)
  return true
}

function earliest<T extends Ordered>(heads: Head<T>[]): Head<T> {
  let best = heads[0] as Head<T>
  let record = best.chunk[best.next] as T
  for (let i = 1; i < heads.length; i++) {
    const head = heads[i] as Head<T>
    const other = head.chunk[head.next] as T
    if (order(other, head, record, best) < 0) {
      best = head
      record = other
    }
  }
  return best
}

/** True when the whole chunk of `head` comes before what the other streams have next. */
function isAllBefore<T extends Ordered>(head: Head<T>, heads: Head<T>[]): boolean {
  const last = head.chunk.at(-1) as T
  return heads.every((other) => other === head || order(last, head, other.chunk[other.next] as T, other) < 0)
}

function order<T extends Ordered>(a: T, from: Head<T>, b: T, beside: Head<T>): number {
  return a.tsUs - b.tsUs || a.seq - b.seq || from.rank - beside.rank
}
