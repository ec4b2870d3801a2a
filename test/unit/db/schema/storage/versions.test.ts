import { describe, expect, it } from 'vitest'

import { refusalOf, warningsOf } from '../../../../../db/schema/storage/versions.ts'

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
})
