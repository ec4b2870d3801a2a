/**
 * Which bit of a row's `rules` stands for which rule: the table `rules`. A rule gets its bit when it first has a finding to be stored, in
 * a message of its own that commits at once, under a lock, so that two collectors never give one bit to two rules.
 */

import type pg from 'pg'

import { storableText } from '../jsonb.ts'
import { TRANSACTION_SETTINGS } from '../transaction.ts'

/** Stands for all rules that found no bit free. */
const MORE_RULES_BIT = 62
/** What fits into an index of every server. Names of our rules are far shorter. */
const MAX_NAME_LENGTH = 200
/** Any number that no other program is likely to lock. */
const ADVISORY_LOCK = '7402338110223352'

/** Bits given away are behind all that were ever given: a bit in the rows keeps its meaning. */
const ALLOT = `
INSERT INTO rules (bit, name)
SELECT bit, name FROM (
  SELECT (SELECT COALESCE(max(bit), -1) FROM rules) + row_number() OVER (ORDER BY place) AS bit, name
  FROM unnest($1::text[]) WITH ORDINALITY AS wanted(name, place) WHERE name NOT IN (SELECT name FROM rules)
) AS allotted WHERE bit < ${MORE_RULES_BIT}`

/** A rule's name as the database keeps it. */
export function storableRule(name: string): string {
  return storableText(name).slice(0, MAX_NAME_LENGTH)
}

export class RuleBits {
  readonly #bits = new Map<string, number>()

  /** To be called for every rule before its bit is asked for. Asks the database only about rules that are new here. */
  async learn(client: Pick<pg.ClientBase, 'query'>, names: Iterable<string>): Promise<void> {
    const unknown = [...new Set([...names].map(storableRule))].filter((name) => !this.#bits.has(name))
    if (unknown.length === 0) return
    await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED; ${TRANSACTION_SETTINGS}; SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`)
    try {
      await client.query(ALLOT, [unknown])
      const { rows } = await client.query<{ bit: number; name: string }>('SELECT bit, name FROM rules WHERE name = ANY ($1)', [unknown])
      await client.query('COMMIT')
      for (const name of unknown) this.#bits.set(name, MORE_RULES_BIT)
      for (const { bit, name } of rows) this.#bits.set(name, bit)
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined)
      throw error
    }
  }

  bitOf(rule: string): number {
    return this.#bits.get(storableRule(rule)) ?? MORE_RULES_BIT
  }
}
