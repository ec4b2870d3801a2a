import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Binaries, chooseBinaries, installedBinaries, packagedBinaries } from '../../../../db/embedded/binaries.ts'

const binaries = (origin: Binaries['origin'], major: number, timescaledb = false): Binaries => {
  return { binDir: `/${origin}/${major}/bin`, major, version: `${major}.1`, timescaledb, origin }
}

describe('chooseBinaries', () => {
  const packaged = binaries('package', 18)

  it('prefers TimescaleDB, newest first, then the package, then a copy of it, then a plain installation', () => {
    const order = [
      binaries('installed', 17, true),
      binaries('installed', 15, true),
      packaged,
      binaries('copy', 19),
      binaries('installed', 19),
    ]
    for (let i = 0; i < order.length; i++) {
      expect(chooseBinaries(order.slice(i).reverse(), undefined, '/d')).toBe(order[i])
    }
  })

  it('keeps the major version of the cluster that is there, even where another has TimescaleDB', () => {
    expect(chooseBinaries([binaries('installed', 15, true), packaged], { major: 18, timescaledb: false }, '/d')).toBe(packaged)
  })

  it('uses the copy of an earlier package when the package has moved on to another major version', () => {
    const copy = binaries('copy', 17)
    expect(chooseBinaries([packaged, copy], { major: 17, timescaledb: false }, '/d')).toBe(copy)
  })

  it('says what is expected, what was found and what to do when nothing can read the cluster', () => {
    const choose = () => chooseBinaries([packaged], { major: 17, timescaledb: false }, '/d')
    expect(choose).toThrow(
      /made by PostgreSQL 17 .* found: PostgreSQL 18 in \/package\/18\/bin\. The data is untouched: install PostgreSQL 17/,
    )
    expect(choose).toThrow(expect.objectContaining({ code: 'embedded-wrong-binaries' }))
  })

  it('does not open a cluster that ran with TimescaleDB without it', () => {
    const choose = () => chooseBinaries([packaged], { major: 18, timescaledb: true }, '/d')
    expect(choose).toThrow(/Expected PostgreSQL 18 with TimescaleDB/)
  })

  it('says so when there is no PostgreSQL at all', () => {
    expect(() => chooseBinaries([], undefined, '/d')).toThrow(expect.objectContaining({ code: 'embedded-no-binaries' }))
  })
})

describe('finding programs', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapedeck binaries '))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const write = async (path: string, text = '', mode = 0o644) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text, { mode })
  }

  it('finds installations in Debian’s layout and knows which have TimescaleDB', async () => {
    for (const version of ['15', '17']) {
      await write(`lib/${version}/bin/initdb`)
      await write(`lib/${version}/bin/postgres`)
    }
    await write('lib/16/bin/pg_dump')
    await write('share/17/extension/timescaledb.control')
    const found = await installedBinaries(join(folder, 'lib'), join(folder, 'share'), join(folder, 'no-pg_config'))
    expect(found.map(({ major, timescaledb }) => [major, timescaledb])).toEqual([
      [15, false],
      [17, true],
    ])
  })

  it('asks pg_config for an installation elsewhere', async () => {
    await write('opt/bin/initdb')
    await write('opt/bin/postgres')
    await write('opt/share/extension/timescaledb.control')
    await write('pg_config', `#!/bin/sh\necho '${folder}/opt/bin'\necho '${folder}/opt/share'\necho 'PostgreSQL 16.4 (Homebrew)'\n`, 0o755)
    const found = await installedBinaries(join(folder, 'lib'), join(folder, 'share'), join(folder, 'pg_config'))
    expect(found).toEqual([{ binDir: join(folder, 'opt/bin'), version: '16.4', major: 16, timescaledb: true, origin: 'installed' }])
  })

  it('takes the package’s version for the major version', async () => {
    await write('package/package.json', '{"version":"18.4.0-beta.17"}')
    await write('package/native/bin/initdb')
    await write('package/native/bin/postgres')
    expect(await packagedBinaries(join(folder, 'package'))).toMatchObject([{ major: 18, version: '18.4.0-beta.17', origin: 'package' }])
  })
})
