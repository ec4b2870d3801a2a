import { describe, expect, it } from 'vitest'
import { mergeOrdered } from '../../../market/merge.ts'

interface Row {
  tsUs: number
  seq: number
  from?: string
}

interface Source extends AsyncIterable<Row[]> {
  pulled: number
  closed: number
}

interface Faults {
  /** Number of the pull, from 1, that fails. */
  failsAt?: number
  failsToClose?: boolean
}

/** A source that is open from the start, as a cursor is, and counts what happens to it. */
function source(chunks: Row[][], { failsAt, failsToClose }: Faults = {}): Source {
  const self: Source = {
    pulled: 0,
    closed: 0,
    [Symbol.asyncIterator]: () => ({
      async next() {
        self.pulled++
        if (self.pulled === failsAt) throw new Error('source failed')
        const value = chunks[self.pulled - 1]
        return value ? { value, done: false } : { value: undefined, done: true }
      },
      async return() {
        self.closed++
        if (failsToClose) throw new Error('close failed')
        return { value: undefined, done: true }
      },
    }),
  }
  return self
}

function rows(...stamps: number[]): Row[] {
  return stamps.map((tsUs, seq) => ({ tsUs, seq }))
}

/** More than the merge gives out at once. */
const longer = rows(...Array.from({ length: 5000 }, (_, i) => i))

async function collect(streams: AsyncIterable<Row[]>[]): Promise<Row[]> {
  const all: Row[] = []
  for await (const chunk of mergeOrdered(streams)) all.push(...chunk)
  return all
}

describe('mergeOrdered', () => {
  it('ends at once without streams, and with streams that are empty or have only empty chunks', async () => {
    await expect(collect([])).resolves.toEqual([])
    await expect(collect([source([]), source([[], []])])).resolves.toEqual([])
  })

  it('passes a single stream through', async () => {
    await expect(collect([source([rows(1, 2), [], rows(3)])])).resolves.toEqual([...rows(1, 2), ...rows(3)])
  })

  it('interleaves by time, then seq, then the order in which the streams were given', async () => {
    const first = source([[{ tsUs: 1, seq: 1, from: 'a' }], [{ tsUs: 2, seq: 5, from: 'a' }]])
    const second = source([
      [
        { tsUs: 1, seq: 1, from: 'b' },
        { tsUs: 2, seq: 4, from: 'b' },
        { tsUs: 2, seq: 5, from: 'b' },
      ],
    ])
    const order = (await collect([first, second])).map(({ tsUs, seq, from }) => `${tsUs}/${seq}${from}`)
    expect(order).toEqual(['1/1a', '1/1b', '2/4b', '2/5a', '2/5b'])
  })

  it('loses nothing over many chunks of its own', async () => {
    const count = 10_000
    const every = (step: number) => Array.from({ length: count }, (_, i) => ({ tsUs: i * step, seq: i }))
    const merged = await collect([source([every(2)]), source([every(3)])])
    const expected = [...every(2), ...every(3)].toSorted((a, b) => a.tsUs - b.tsUs || a.seq - b.seq)
    expect(merged).toEqual(expected)
  })

  it('passes a long chunk on as it is when the other streams have nothing in between', async () => {
    const [before, within] = [longer, longer.map(({ tsUs, seq }) => ({ tsUs: tsUs + 5000, seq }))]
    const chunks: Row[][] = []
    for await (const chunk of mergeOrdered([source([before, within]), source([rows(7500)])])) chunks.push(chunk)
    expect(chunks[0]).toBe(before)
    expect(chunks).not.toContain(within)
    expect(chunks.flat()).toEqual([...before, ...within, ...rows(7500)].toSorted((a, b) => a.tsUs - b.tsUs || a.seq - b.seq))
  })

  it('pulls the next chunk of a stream only when the one before is used up', async () => {
    const early = source([rows(1), rows(2), rows(3)])
    const late = source([rows(10_000), rows(10_001)])
    const merged = mergeOrdered([early, late])
    await merged.next()
    expect([early.pulled, late.pulled]).toEqual([4, 1])
    await merged.return(undefined)
  })

  it('does not close streams that ended by themselves', async () => {
    const sources = [source([rows(1)]), source([rows(2)])]
    await collect(sources)
    expect(sources.map(({ closed }) => closed)).toEqual([0, 0])
  })

  it('closes every stream when the consumer stops early', async () => {
    const sources = [source([longer]), source([longer, longer]), source([longer])]
    for await (const _ of mergeOrdered(sources)) break
    expect(sources.map(({ closed }) => closed)).toEqual([1, 1, 1])
  })

  it('closes the last stream when the consumer stops after the others ended', async () => {
    const sources = [source([rows(1)]), source([rows(2), rows(3)])]
    for await (const _ of mergeOrdered(sources)) break
    expect(sources.map(({ closed }) => closed)).toEqual([0, 1])
  })

  it('passes on the failure of a stream and closes the others', async () => {
    const sources = [source([rows(1), rows(9)]), source([rows(2), rows(3)], { failsAt: 2 }), source([rows(4)])]
    await expect(collect(sources)).rejects.toThrow('source failed')
    expect([sources[0]?.closed, sources[2]?.closed]).toEqual([1, 1])
  })

  it('closes also the streams behind one that fails on its first chunk', async () => {
    const sources = [source([rows(1)]), source([], { failsAt: 1 }), source([rows(2)])]
    await expect(collect(sources)).rejects.toThrow('source failed')
    expect([sources[0]?.closed, sources[2]?.closed]).toEqual([1, 1])
  })

  it('closes the others when the consumer throws', async () => {
    const sources = [source([longer]), source([longer])]
    const consume = async () => {
      for await (const _ of mergeOrdered(sources)) throw new Error('consumer failed')
    }
    await expect(consume()).rejects.toThrow('consumer failed')
    expect(sources.map(({ closed }) => closed)).toEqual([1, 1])
  })

  it('does not let a close that fails hide why the merge ended, nor keep others open', async () => {
    const sources = [source([rows(1)], { failsToClose: true }), source([], { failsAt: 1 }), source([rows(2)])]
    await expect(collect(sources)).rejects.toThrow('source failed')
    expect(sources[2]?.closed).toBe(1)
  })

  it('reports a close that fails when the consumer stops early', async () => {
    const sources = [source([longer], { failsToClose: true }), source([longer])]
    const merged = mergeOrdered(sources)
    await merged.next()
    await expect(merged.return(undefined)).rejects.toThrow('close failed')
    expect(sources[1]?.closed).toBe(1)
  })
})
