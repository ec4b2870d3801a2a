import { describe, expect, it } from 'vitest'

import type { Job, Named, RefreshPolicy, ServerFacts, StorageObject } from '../../../../../db/schema/storage/objects.ts'
import { partChanges, planChanges } from '../../../../../db/schema/storage/plan.ts'
import { DEFAULT_STORAGE, type StorageSettings } from '../../../../../db/schema/storage/settings.ts'
import { wishedStorage } from '../../../../../db/schema/storage/wished.ts'

/** Of the tables of ticks. */
const wished = (settings: Partial<StorageSettings> = {}) =>
  wishedStorage({ ...DEFAULT_STORAGE, ...settings }).filter(({ kind }) => !['aggregate', 'refresh-policy', 'job'].includes(kind))
const tables = ['quotes', 'trades', 'option_greeks', 'statistics', 'findings']
const plainTables = new Map(tables.map((table) => [table, { rows: 0, bytes: 0 }]))
const community: ServerFacts = { edition: 'community', timescale: '2.28.3', schema: 'public', plainTables: new Map(), hasTicks: false }
const keys = (objects: readonly StorageObject[], there: readonly Named[] = [], facts = community) =>
  planChanges(there, objects, facts).map(({ action, key }) => `${action} ${key}`)
const minutes = { kind: 'aggregate', name: 'm', from: 'trades', bucket: '1 minute', query: 'SELECT 1', about: 'M.', comments: {} } as const
const hours = { ...minutes, name: 'h', from: 'm' } as const
const refresh: RefreshPolicy = { kind: 'refresh-policy', on: 'm', startOffset: null, endOffset: '1 minute', every: '1 minute' }
const job: Job = { kind: 'job', on: 'm', procedure: 'p', every: '1 day' }

describe('the plan of the storage', () => {
  it('is empty for what is there already', () => {
    expect(keys(wished(), wished())).toEqual([])
    const all = wished({ ticksPerSecond: 5000, retention: { ...DEFAULT_STORAGE.retention, findings: '30 days' } })
    expect(keys(all, all)).toEqual([])
  })

  it('leaves out what an edition cannot do, and what has no table', () => {
    const facts = { ...community, plainTables }
    const kinds = (edition: ServerFacts['edition']) =>
      new Set(planChanges([], [...wished(), minutes, refresh, job], { ...facts, edition }).map(({ key }) => key.split(' ')[0]))
    expect(kinds('plain')).toEqual(new Set(['aggregate']))
    expect(kinds('apache')).toEqual(new Set(['hypertable', 'aggregate']))
    expect(kinds('community')).toEqual(
      new Set(['hypertable', 'columnstore', 'batch-size', 'compression-policy', 'aggregate', 'refresh-policy', 'job']),
    )
    expect(planChanges([], [...wished(), hours, minutes], community)).toEqual([])
  })

  it('has one change for one edited line', () => {
    expect(keys(wished({ retention: { ...DEFAULT_STORAGE.retention, quotes: '90 days' } }), wished())).toEqual([
      'create retention-policy quotes',
    ])
    expect(keys(wished({ compressAfter: '3 days' }), wished())).toEqual(tables.map((table) => `alter compression-policy ${table}`))
    expect(keys(wished({ compressAfter: 'off' }), wished()).sort()).toEqual(
      tables.map((table) => `drop compression-policy ${table}`).sort(),
    )
  })

  it('has one change for another size of batches, and none on a server that cannot be told', () => {
    const rows = (count: number) => wished().map((object) => (object.kind === 'batch-size' ? { ...object, rows: count } : object))
    expect(keys(rows(500), wished())).toEqual(['alter batch-size quotes'])
    const there = wished().filter(({ kind }) => kind !== 'batch-size')
    expect(keys(wished(), there)).toEqual(['create batch-size quotes'])
    expect(keys(wished(), there, { ...community, timescale: '2.19.1' })).toEqual([])
  })

  it('has one change for a job of another schedule, and leaves jobs alone whose aggregate is not wished for', () => {
    const plan = planChanges([job], [minutes, refresh, { ...job, every: '2 days' }], { ...community, plainTables })
    expect(plan.filter(({ key }) => key === 'job m').map(({ action }) => action)).toEqual(['alter'])
    expect(keys([], [job])).toEqual([])
    expect(keys([...wished(), minutes, refresh], [...wished(), minutes, refresh, job])).toContain('drop job m')
  })

  it('notices a policy that was dropped by hand', () => {
    const there = wished().filter((object) => !(object.kind === 'compression-policy' && object.on === 'trades'))
    expect(keys(wished(), there)).toEqual(['create compression-policy trades'])
  })

  it('leaves alone what is not ours', () => {
    const theirs: Named[] = [
      { kind: 'retention-policy', on: 'their_table', after: '1 day' } as Named,
      { kind: 'refresh-policy', on: 'their_aggregate' },
    ]
    expect(keys(wished(), [...wished(), ...theirs])).toEqual([])
  })

  it('puts each behind what it stands on, whatever the order of the wishes', () => {
    const order = keys([refresh, hours, minutes, ...wished().reverse()], [], { ...community, plainTables })
    const at = (key: string) => order.indexOf(`create ${key}`)
    expect(at('hypertable trades')).toBeLessThan(at('columnstore trades'))
    expect(at('columnstore trades')).toBeLessThan(at('compression-policy trades'))
    expect(at('hypertable trades')).toBeLessThan(at('aggregate m'))
    expect(at('aggregate m')).toBeLessThan(at('aggregate h'))
    expect(at('aggregate m')).toBeLessThan(at('refresh-policy m'))
  })

  it('leaves to be decided upon what takes long or deletes, with all that comes behind it', () => {
    const large = { ...community, plainTables: new Map([['trades', { rows: 2e7, bytes: 4e9 }]]) }
    const there = wished().filter((object) => !('table' in object ? object.table === 'trades' : 'on' in object && object.on === 'trades'))
    const { now, later } = partChanges(planChanges(there, [...wished(), minutes, refresh], large))
    expect(now).toEqual([])
    expect(later.map(({ key }) => key)).toEqual(
      expect.arrayContaining(['hypertable trades', 'compression-policy trades', 'aggregate m', 'refresh-policy m']),
    )
    const retention = { ...DEFAULT_STORAGE.retention, quotes: '90 days' }
    const shorter = planChanges(wished({ retention }), wished({ retention: { ...retention, quotes: '30 days' } }), community)
    expect(shorter[0]?.steps[0]?.loses).toMatch(/rows of quotes .* older than 30 days/)
    const longer = planChanges(wished({ retention }), wished({ retention: { ...retention, quotes: '120 days' } }), community)
    expect(longer[0]?.steps[0]?.loses).toBeUndefined()
    expect(partChanges(planChanges(wished({ retention }), wished(), community)).now).toEqual([])
  })

  it('computes an aggregate wholly before its policy begins with the last days, where there are ticks', () => {
    const found = {
      kind: 'aggregate',
      name: 'm',
      about: 'M.',
      comments: {},
      definition: undefined,
      continuous: true,
      isComputed: true,
      realTime: true,
    } as const
    const stepsOf = (facts: ServerFacts) =>
      planChanges([...wished(), found], [...wished(), minutes, refresh], facts).find(({ key }) => key === 'refresh-policy m')?.steps
    expect(stepsOf(community)).toEqual([expect.not.objectContaining({ long: true })])
    expect(stepsOf({ ...community, hasTicks: true })).toMatchObject([{ long: true, sql: '' }])
  })

  it('makes an aggregate of another definition again with what stands on it: all of it, or nothing', () => {
    const found = (name: string) => ({
      kind: 'aggregate' as const,
      name,
      about: '',
      comments: {},
      definition: 'other',
      continuous: true,
      isComputed: true,
      realTime: true,
    })
    const there: Named[] = [...wished(), found('m'), found('h'), refresh]
    const changes = planChanges(there, [...wished(), minutes, hours, refresh], community)
    expect(changes.map(({ action, key }) => `${action} ${key}`)).toEqual([
      'drop refresh-policy m',
      'drop aggregate h',
      'drop aggregate m',
      'create aggregate m',
      'create aggregate h',
      'create refresh-policy m',
    ])
    expect(partChanges(changes).now).toEqual([])
  })
})

describe('chunks', () => {
  const length = (settings: Partial<StorageSettings>, table = 'quotes') =>
    wished(settings).find((object) => object.kind === 'hypertable' && object.table === table)

  it('hold a day, and keep an interval that was set by hand', () => {
    expect(length({})).toMatchObject({ chunkInterval: '1 day', exact: false })
    const byHand = wished().map((object) => (object.kind === 'hypertable' ? { ...object, chunkInterval: '7 days' } : object))
    expect(keys(wished(), byHand)).toEqual([])
  })

  it('are the shorter the more ticks are expected, and when they are to be compressed soon', () => {
    expect(length({ ticksPerSecond: 100 })).toMatchObject({ chunkInterval: '1 day', exact: true })
    expect(length({ ticksPerSecond: 5000 })).toMatchObject({ chunkInterval: '30 minutes' })
    expect(length({ ticksPerSecond: 5000 }, 'trades')).toMatchObject({ chunkInterval: '4 hours' })
    expect(length({ compressAfter: '30 minutes' })).toMatchObject({ chunkInterval: '30 minutes', exact: true })
    expect(length({ compressAfter: '1 minute' })).toMatchObject({ chunkInterval: '15 minutes', exact: true })
  })
})
