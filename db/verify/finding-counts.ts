/** The table of findings against the findings that ticks came with: a row that belongs to no tick changes grades, and no checksum sees it. */

import { describeContract } from '../../market/contract.ts'
import type { Tick } from '../../market/tick.ts'
import type { ContractOf } from './content.ts'
import type { Problem } from './problems.ts'

/** Recorded findings of a session, by the database's number of the instrument; 0: none. */
export type FindingsOf = ReadonlyMap<number, number>

export class FindingCounts {
  readonly #handedOut = new Map<number, number>()

  take({ instrument, verdict }: Tick): void {
    // One that the database did not take has a number below zero here, and none in the table.
    const key = Math.max(0, instrument)
    this.#handedOut.set(key, (this.#handedOut.get(key) ?? 0) + (verdict?.findings.length ?? 0))
  }

  /** Findings of the table that no tick came with. Those that are gone are in no checksum, and are found by that. */
  added(stored: FindingsOf, contractOf: ContractOf): Omit<Problem, 'sessionId'>[] {
    return [...stored].flatMap(([instrument, found]) => {
      const expected = this.#handedOut.get(instrument) ?? 0
      if (found <= expected) return []
      const contract = contractOf(instrument)
      const name = contract ? describeContract(contract) : 'unknown instruments'
      const message =
        `The table findings: expected ${expected} recorded findings on ticks of ${name}, found ${found}: the others belong to none of its ticks, ` +
        'and were added, or their instrument or time was altered.'
      return [{ kind: 'rows-added', table: 'findings', expected: String(expected), found: String(found), message }]
    })
  }
}
