/** The storage that is wished for, as data. */

import type { Hypertable, StorageObject } from './objects.ts'

/** The hypertables that are wanted, partitioned by ts. */
const HYPERTABLES: readonly Hypertable[] = [
  'quotes',
  'trades',
  'option_greeks',
  'statistics',
  // A rule that flags wide quotes of options finds something about half of them.
  'findings',
].map((table) => ({ kind: 'hypertable', table, chunkInterval: '1 day', exact: false }))

/** On a server that can do everything; `plan.ts` leaves out what this one cannot. */
export function wishedStorage(): StorageObject[] {
  return [...HYPERTABLES]
}

/** Names of the tables among the objects. */
export function tablesOf(objects: readonly StorageObject[]): string[] {
  return objects.flatMap((object) => (object.kind === 'hypertable' ? [object.table] : []))
}
