/**
 * Gives ticks their verdicts back. A row says only that rules spoke; what they found stands in `findings`, which is read beside the rows
 * in the same order, so that no tick costs a query.
 */

import type pg from 'pg'

import type { Finding, TapeRecord, Verdict } from '../../market/tick.ts'
import { bitName, type StoredFinding } from './copy-decode.ts'

type Client = Pick<pg.ClientBase, 'query'>

/**
 * The chunks, with the verdict of each tick as it was recorded. Where findings were deleted, rules are named and the reason says so.
 *
 * @param chunks in the order of (tsUs, seq)
 * @param findings in the order of (tsUs, seq, ordinal); those of ticks that are not among the chunks are passed over
 * @param client reads the names of rules, only when findings are missing
 */
export async function* withVerdicts<T extends TapeRecord>(
  chunks: AsyncIterable<T[]>,
  findings: AsyncIterable<StoredFinding[]>,
  client: Client,
): AsyncGenerator<T[]> {
  const reader = new FindingsReader(findings)
  let names: ReadonlyMap<string, string> | undefined
  try {
    for await (const chunk of chunks) {
      for (const record of chunk) {
        // Most records have none, so this comes before anything else is asked of them.
        const { verdict } = record as { verdict?: Verdict }
        if (verdict === undefined) continue
        const found = reader.takeAtHand(record.tsUs, record.seq) ?? (await reader.take(record.tsUs, record.seq))
        if (found.length > 0) {
          verdict.findings = found
          continue
        }
        names ??= await ruleNames(client)
        for (const finding of verdict.findings) finding.rule = names.get(finding.rule) ?? finding.rule
      }
      yield chunk
    }
  } finally {
    await reader.close()
  }
}

async function ruleNames(client: Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ bit: number; name: string }>('SELECT bit, name FROM rules')
  return new Map(rows.map(({ bit, name }) => [bitName(bit), name]))
}

class FindingsReader {
  readonly #chunks: AsyncIterator<StoredFinding[]>
  #chunk: StoredFinding[] = []
  #next = 0
  #ended = false

  constructor(chunks: AsyncIterable<StoredFinding[]>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The findings of one tick; undefined when they may go on behind what was read. */
  takeAtHand(tsUs: number, seq: number): Finding[] | undefined {
    const chunk = this.#chunk
    let at = this.#next
    for (let one = chunk[at]; one && isBefore(one, tsUs, seq); one = chunk[at]) at++
    this.#next = at
    const found: Finding[] = []
    for (let one = chunk[at]; one && one.tsUs === tsUs && one.seq === seq; one = chunk[at]) {
      found.push(one.finding)
      at++
    }
    if (at === chunk.length && !this.#ended) return undefined
    this.#next = at
    return found
  }

  async take(tsUs: number, seq: number): Promise<Finding[]> {
    for (;;) {
      const { value, done } = await this.#chunks.next()
      if (done) this.#ended = true
      else {
        this.#chunk = [...this.#chunk.slice(this.#next), ...value]
        this.#next = 0
      }
      const found = this.takeAtHand(tsUs, seq)
      if (found) return found
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}

function isBefore(one: StoredFinding, tsUs: number, seq: number): boolean {
  return one.tsUs < tsUs || (one.tsUs === tsUs && one.seq < seq)
}
