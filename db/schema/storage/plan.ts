/** What is missing between the storage that is there and the one that is wished for, in the order in which it is to be done. Pure. */

import { HYPERTABLE } from './hypertable.ts'
import { type Edition, keyOf, type ObjectKind, nameOf, type Queryable, type ServerFacts, type Step, type StorageObject } from './objects.ts'

type Kinds = { [K in StorageObject['kind']]?: ObjectKind<Extract<StorageObject, { kind: K }>> }

const KINDS: Kinds = { hypertable: HYPERTABLE }

/** The editions that have objects of a kind. */
const EDITIONS: Readonly<Record<StorageObject['kind'], readonly Edition[]>> = {
  hypertable: ['apache', 'community'],
  columnstore: ['community'],
  aggregate: ['plain', 'apache', 'community'],
  'compression-policy': ['community'],
  'retention-policy': ['community'],
  'refresh-policy': ['community'],
}

export interface Change {
  action: 'create' | 'alter' | 'drop'
  object: StorageObject
  steps: readonly Step[]
}

function kindOf(object: StorageObject): ObjectKind<StorageObject> | undefined {
  return KINDS[object.kind] as ObjectKind<StorageObject> | undefined
}

/** Reads every object that could be ours. */
export async function readStorage(client: Queryable, facts: ServerFacts): Promise<StorageObject[]> {
  const there: StorageObject[] = []
  for (const [kind, { read }] of Object.entries(KINDS))
    if (EDITIONS[kind as StorageObject['kind']].includes(facts.edition)) there.push(...(await read(client, facts)))
  return there
}

/** @param wished in an order in which each object comes behind those it stands on */
export function planChanges(there: readonly StorageObject[], wished: readonly StorageObject[], facts: ServerFacts): Change[] {
  const found = new Map(there.map((object) => [keyOf(object), object]))
  return wished.flatMap((object): Change[] => {
    const kind = kindOf(object)
    const isTable = object.kind === 'hypertable'
    if (!kind || !EDITIONS[object.kind].includes(facts.edition)) return []
    const before = found.get(keyOf(object))
    // A table that an earlier schema does not have yet.
    if (!before && isTable && !facts.plainTables.has(nameOf(object))) return []
    const steps = before ? kind.alter(before, object, facts) : kind.create(object, facts)
    return steps.length === 0 ? [] : [{ action: before ? 'alter' : 'create', object, steps }]
  })
}
