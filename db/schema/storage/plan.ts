/** What is missing between the storage that is there and the one that is wished for, in the order in which it is to be done. Pure. */

import { AGGREGATE } from './aggregate.ts'
import { BATCH_SIZE } from './batch-size.ts'
import { COLUMNSTORE } from './columnstore.ts'
import { HYPERTABLE } from './hypertable.ts'
import { JOB } from './job.ts'
import {
  type Edition,
  keyOf,
  type Named,
  nameOf,
  type ObjectKind,
  type Queryable,
  type ServerFacts,
  type Step,
  type StorageObject,
} from './objects.ts'
import { COMPRESSION_POLICY, REFRESH_POLICY, RETENTION_POLICY } from './policies.ts'

type Kind = StorageObject['kind']
/** A kind is only ever given what it has itself read, and wishes of its own kind. */
type AnyKind = ObjectKind<StorageObject, Named>

const KINDS: Readonly<Record<Kind, AnyKind>> = {
  hypertable: HYPERTABLE,
  columnstore: COLUMNSTORE,
  'batch-size': BATCH_SIZE,
  aggregate: AGGREGATE,
  'compression-policy': COMPRESSION_POLICY,
  'retention-policy': RETENTION_POLICY,
  'refresh-policy': REFRESH_POLICY,
  job: JOB,
}

/** The editions that have objects of a kind. */
const EDITIONS: Readonly<Record<Kind, readonly Edition[]>> = {
  hypertable: ['apache', 'community'],
  columnstore: ['community'],
  'batch-size': ['community'],
  aggregate: ['plain', 'apache', 'community'],
  'compression-policy': ['community'],
  'retention-policy': ['community'],
  'refresh-policy': ['community'],
  job: ['community'],
}

export interface Change {
  action: 'create' | 'alter' | 'drop'
  /** `hypertable quotes`. */
  key: string
  steps: readonly Step[]
  /** Keys of the changes that have to be made before. */
  after: readonly string[]
}

/** Reads every object that could be ours. */
export async function readStorage(client: Queryable, facts: ServerFacts): Promise<Named[]> {
  const there: Named[] = []
  for (const [name, kind] of Object.entries(KINDS))
    if (EDITIONS[name as Kind].includes(facts.edition)) there.push(...(await kind.read(client, facts)))
  return there
}

/**
 * Drops come first, what was made last before what it stands on; then each object behind those it stands on. What has to be made again is
 * one matter: all of it, or nothing.
 *
 * @param there as `readStorage` returns it, in the order in which the objects were made
 * @param wished for a server that can do everything
 */
export function planChanges(there: readonly Named[], wished: readonly StorageObject[], facts: ServerFacts): Change[] {
  const standing = withTable(wished, there, facts)
  const possible = inOrder(standing.filter((object) => EDITIONS[object.kind].includes(facts.edition)))
  const found = new Map(there.map((object) => [keyOf(object), object]))
  const replaced = findReplaced(found, possible, facts)
  const isGone = (object: Named) =>
    replaced.has(keyOf(object)) || (kindOf(object).isOurs(object, wished) && !possible.some((one) => keyOf(one) === keyOf(object)))
  const drops = there.filter(isGone).map((object): Change => {
    const key = keyOf(object)
    return { action: 'drop', key, steps: kindOf(object).drop(object, facts), after: replaced.has(key) ? [...replaced] : [] }
  })
  const made = possible.flatMap((object): Change[] => {
    const kind = kindOf(object)
    const key = keyOf(object)
    const before = replaced.has(key) ? undefined : found.get(key)
    const steps = before ? kind.alter(before, object, facts) : kind.create(object, facts)
    if (steps === 'replace' || steps.length === 0) return []
    const after = [...kind.dependsOn(object), ...(replaced.has(key) ? replaced : [])]
    return [{ action: before ? 'alter' : 'create', key, steps, after }]
  })
  return [...drops.reverse(), ...made]
}

/** Parts what may be done at any time from what takes long, undoes or loses something, and from all that comes after that. */
export function partChanges(changes: readonly Change[]): { now: Change[]; later: Change[] } {
  const held = new Set(
    changes
      .filter(({ steps }) => steps.some(({ long, deliberate, loses }) => long || deliberate || loses !== undefined))
      .map(({ key }) => key),
  )
  for (let count = -1; count < held.size; ) {
    count = held.size
    for (const { key, after } of changes) if (after.some((one) => held.has(one))) held.add(key)
  }
  return { now: changes.filter(({ key }) => !held.has(key)), later: changes.filter(({ key }) => held.has(key)) }
}

function kindOf(object: Named): AnyKind {
  return KINDS[object.kind]
}

/** Without what stands on a table that an earlier schema does not have. */
function withTable(wished: readonly StorageObject[], there: readonly Named[], { plainTables }: ServerFacts): StorageObject[] {
  const tables = new Set([...plainTables.keys(), ...there.flatMap((object) => (object.kind === 'hypertable' ? [object.table] : []))])
  const aggregates = new Map(wished.flatMap((object) => (object.kind === 'aggregate' ? [[object.name, object.from]] : [])))
  const stands = (name: string | undefined, above = 0): boolean =>
    name !== undefined && (tables.has(name) || (above <= aggregates.size && stands(aggregates.get(name), above + 1)))
  return wished.filter((object) => stands(nameOf(object)))
}

/** Keys of what is there and has to be made again: what is defined otherwise, and all that stands on it. */
function findReplaced(found: ReadonlyMap<string, Named>, wished: readonly StorageObject[], facts: ServerFacts): Set<string> {
  const replaced = new Set<string>()
  for (const object of wished) {
    const there = found.get(keyOf(object))
    const kind = kindOf(object)
    if (!there) continue
    const stoodOn: string[] = kind.dependsOn(object)
    if (stoodOn.some((key) => replaced.has(key)) || kind.alter(there, object, facts) === 'replace') replaced.add(keyOf(object))
  }
  return replaced
}

/** Each behind those it stands on, as far as these are among them; otherwise in the order given. */
function inOrder(objects: readonly StorageObject[]): StorageObject[] {
  const byKey = new Map(objects.map((object) => [keyOf(object), object]))
  const ordered = new Map<string, StorageObject>()
  const place = (object: StorageObject, above: readonly string[]) => {
    const key = keyOf(object)
    if (ordered.has(key)) return
    if (above.includes(key)) throw new Error(`${nameOf(object)} stands on itself: ${[...above, key].join(', ')}`)
    const stoodOn: string[] = kindOf(object).dependsOn(object)
    for (const one of stoodOn) {
      const other = byKey.get(one)
      if (other) place(other, [...above, key])
    }
    ordered.set(key, object)
  }
  for (const object of objects) place(object, [])
  return [...ordered.values()]
}
