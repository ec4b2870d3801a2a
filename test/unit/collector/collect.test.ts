/** What a collector does without a database: a start that fails, settings that change, a full disk. Recordings have tests with both. */

import { existsSync } from 'node:fs'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { folderForTest, startCollecting, TWX_CHAIN } from '../../support/process/collecting.ts'
import { PATIENTLY } from '../../support/waiting.ts'
import { serveListings } from './ib/lookup/listings.ts'
import { twsFor } from './ib/tws-support.ts'
import { fileHandlePrototype } from './journal/journal-support.ts'

const NO_DATABASE = 'postgres://nobody@127.0.0.1:1/none'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Listens on the port (0: any free one) for a moment, and returns which it was. */
const listenOn = (port: number) =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address() as AddressInfo
      server.close(() => resolve(address.port))
    })
  })

it('leaves its port to others, and so lets the process end, when it cannot write down where it answers', async () => {
  const dataDir = await folderForTest()
  await mkdir(join(dataDir, 'collector.address'))
  const port = await listenOn(0)
  const { summary } = await startCollecting({
    dataDir,
    port: 1,
    databaseUrl: NO_DATABASE,
    metrics: { host: '127.0.0.1', port },
  })

  await expect(summary).rejects.toThrow('EISDIR')
  expect(await listenOn(port)).toBe(port)
})

/** A data directory with these released segments, last written so many days ago. */
async function withReleased(segments: Record<string, number>): Promise<{ dataDir: string; released: () => Promise<string[]> }> {
  const dataDir = await folderForTest()
  const folder = join(dataDir, 'journal', 'released')
  await mkdir(folder, { recursive: true })
  for (const [name, daysAgo] of Object.entries(segments)) {
    const time = new Date(Date.now() - daysAgo * DAY_MS)
    await writeFile(join(folder, name), '')
    await utimes(join(folder, name), time, time)
  }
  return { dataDir, released: async () => (await readdir(folder)).sort() }
}

describe('settings that change while it records', () => {
  it('are asked for with the lines that are opened from then on: genericTicks', async () => {
    const server = await twsFor((tws) => serveListings(tws, { stocks: { TWX: 4321, FOXA: 4322 }, chains: [], options: [] }))
    const underlyings = [TWX_CHAIN]
    const gateway = { clock: 'wall', genericTicks: [233] } as const
    const collecting = await startCollecting({ port: server.port, databaseUrl: NO_DATABASE, gateway, underlyings })
    const asked = () =>
      server.connections.flatMap(({ requests }) =>
        requests.filter(({ fields }) => fields[0] === '1').map(({ fields }) => [fields[4], fields.at(-4)]),
      )
    await vi.waitFor(() => expect(asked()).toEqual([['TWX', '233']]), PATIENTLY)
    collecting.reload((settings) => ({
      ...settings,
      gateway: { ...settings.gateway, genericTicks: [100, 101] },
      underlyings: [TWX_CHAIN, { ...TWX_CHAIN, symbol: 'FOXA' }],
    }))
    await vi.waitFor(() => expect(asked()).toHaveLength(2), { timeout: 20_000 })

    expect(asked()).toEqual([
      ['TWX', '233'],
      ['FOXA', '100,101'],
    ])
  })

  it('decide what is deleted at the next full hour: keepDays', async () => {
    const hourly: (() => void)[] = []
    const { setInterval } = globalThis
    const timers = vi.spyOn(globalThis, 'setInterval')
    timers.mockImplementation((act, ms) => {
      if (ms === HOUR_MS) hourly.push(act)
      return setInterval(act, ms)
    })
    onTestFinished(() => timers.mockRestore())
    const { dataDir, released } = await withReleased({ '1-000001.tape': 8, '2-000001.tape': 5, '3-000001.tape': 1 })
    const journal = { keepDays: 7 }
    const collecting = await startCollecting({ dataDir, port: 1, databaseUrl: NO_DATABASE, gateway: { clock: 'wall' }, journal })
    await collecting.said('recording session begun')
    expect(await released()).toEqual(['2-000001.tape', '3-000001.tape'])
    collecting.reload((settings) => ({ ...settings, journal: { ...settings.journal, keepDays: 3 } }))
    for (const act of hourly) act()

    await vi.waitFor(async () => expect(await released()).toEqual(['3-000001.tape']), PATIENTLY)
  })
})

describe('a journal whose disk fails', () => {
  it('has the oldest released segment deleted when the disk is full, and for no other reason', async () => {
    const names = ['1-000001.tape', '2-000001.tape', '3-000001.tape']
    const { dataDir, released } = await withReleased(Object.fromEntries(names.map((name) => [name, 0])))
    const oldest = join(dataDir, 'journal', 'released', '1-000001.tape')
    const handle = await fileHandlePrototype()
    const datasync = handle.datasync as () => Promise<void>
    const failures: { code: string; hadOldest: boolean }[] = []
    handle.datasync = function (this: unknown) {
      const hadOldest = existsSync(oldest)
      if (failures.length > 0 && !hadOldest) return datasync.call(this)
      const code = failures.length === 0 ? 'EIO' : 'ENOSPC'
      failures.push({ code, hadOldest })
      return Promise.reject(Object.assign(new Error(code), { code }))
    }
    onTestFinished(() => void Object.assign(handle, { datasync }))
    const collecting = await startCollecting({ dataDir, port: 1, databaseUrl: NO_DATABASE, gateway: { clock: 'wall' } })
    await collecting.said('the journal is written again')

    expect(failures).toEqual([
      { code: 'EIO', hadOldest: true },
      { code: 'ENOSPC', hadOldest: true },
    ])
    expect(await released()).toEqual(['2-000001.tape', '3-000001.tape'])
  })
})
