import { describe, expect, it } from 'vitest'

import { editionOf } from '../../../../../db/schema/storage/server.ts'
import { linesOfConcern, refusalOf, warningsOf } from '../../../../../db/schema/storage/versions.ts'

const plain = { postgres: '18.4', timescale: undefined, edition: 'plain', server: 'PostgreSQL without TimescaleDB' } as const
const apache = { postgres: '17.5', timescale: '2.19.3', edition: 'apache', server: 'TimescaleDB 2.19.3 Apache' } as const
const community = { postgres: '15.20', timescale: '2.28.3', edition: 'community', server: 'TimescaleDB 2.28.3 Community' } as const

describe('the versions of a server', () => {
  it('suit when they are from the floor to the ceiling', () => {
    for (const server of [plain, apache, community, { ...community, timescale: '2.31.4' }, { ...apache, timescale: '2.19.0' }]) {
      expect(refusalOf(server, 'plain')).toBeUndefined()
      expect(warningsOf(server)).toEqual([])
    }
  })

  it('are refused below the floor, with what to do', () => {
    expect(refusalOf({ ...plain, postgres: '14.13' }, 'plain')).toMatch(/Expected PostgreSQL 15 or newer, found 14\.13\. .*pg_upgrade/)
    expect(refusalOf({ ...community, timescale: '2.9.1' }, 'plain')).toMatch(
      /Expected TimescaleDB 2\.19 or newer, found 2\.9\.1\. .*"ALTER EXTENSION timescaledb UPDATE"/,
    )
  })

  it('are warned of above what was tested', () => {
    expect(warningsOf({ postgres: '19.0', timescale: '2.32.0' })).toEqual([
      expect.stringContaining('PostgreSQL 19.0 is newer than 18'),
      expect.stringContaining('TimescaleDB 2.32.0 is newer than 2.31'),
    ])
    expect(warningsOf({ postgres: '18.9', timescale: '3.0.0' })).toHaveLength(1)
  })

  it('are refused where the settings ask for an edition that can do more', () => {
    expect(refusalOf(plain, 'community')).toMatch(
      /Expected TimescaleDB Community, .*found PostgreSQL without.*shared_preload_libraries.*storage\.edition to any/,
    )
    expect(refusalOf(plain, 'apache')).toMatch(/Expected TimescaleDB, /)
    expect(refusalOf(apache, 'community')).toMatch(/found TimescaleDB 2\.19\.3 Apache.*timescaledb\.license/)
    expect(refusalOf(community, 'community')).toBeUndefined()
    expect(refusalOf(community, 'apache')).toBeUndefined()
  })

  it('are refused where the extension is not loaded, with what to do and nothing that is done', () => {
    const { server, edition } = editionOf({ version: null, license: '', available: true, loaded: false })
    expect(refusalOf({ ...plain, server }, 'plain')).toBeUndefined()
    expect(refusalOf({ ...plain, edition, server }, 'community')).toBe(
      "Expected TimescaleDB Community, as storage.edition asks for, found TimescaleDB, but it is not loaded: add it to shared_preload_libraries in the server's " +
        'configuration and restart the server. Then have a superuser run "CREATE EXTENSION timescaledb", unless it is there. Or set storage.edition to any.',
    )
  })
})

describe('an extension', () => {
  it.each([
    ['not installed', { version: null, available: false, loaded: false }, 'plain', 'PostgreSQL without TimescaleDB'],
    [
      'installed and not loaded',
      { version: null, available: true, loaded: false },
      'plain',
      /^TimescaleDB, but it is not loaded: add it to/,
    ],
    ['loaded and not created', { version: null, available: true, loaded: true }, 'plain', 'TimescaleDB, not used yet'],
    ['created', { version: '2.19.3', available: true, loaded: true, license: 'apache' }, 'apache', 'TimescaleDB 2.19.3 Apache'],
    [
      'created, Community',
      { version: '2.28.3', available: true, loaded: true, license: 'timescale' },
      'community',
      'TimescaleDB 2.28.3 Community',
    ],
    [
      'created and no longer loaded',
      { version: '2.28.3', available: true, loaded: false },
      'plain',
      /^TimescaleDB 2\.28\.3, but it is not loaded: add it to/,
    ],
    [
      'created and no longer installed',
      { version: '2.28.3', available: false, loaded: false },
      'plain',
      /^TimescaleDB 2\.28\.3, but it is not loaded/,
    ],
  ] as const)('that is %s is named so', (_, found, edition, server) => {
    const said = editionOf({ license: '', ...found })
    expect(said).toMatchObject({ edition, offersTimescale: server === 'TimescaleDB, not used yet' })
    expect(said.server).toMatch(server)
  })
})

describe('the log of a start', () => {
  it('has what was refused and what was never tested, and not what was done', () => {
    const [tooNew = ''] = warningsOf({ postgres: '19.1', timescale: undefined })
    expect(tooNew).toMatch(/^PostgreSQL 19\.1 is newer than 18/)
    const stays = 'the tables stay plain: permission denied to create extension "timescaledb"'
    const refused = 'The server did not make quotes a hypertable: permission denied'
    const lines = [
      'storage: TimescaleDB 2.28.3 Apache',
      tooNew,
      'did make trades a hypertable',
      stays,
      refused,
      'not done either: columnstore quotes',
    ]
    expect(linesOfConcern([...lines, 'left to `tapedeck db apply`: compute bars_1m'])).toEqual([tooNew, stays, refused, lines[5]])
  })
})
