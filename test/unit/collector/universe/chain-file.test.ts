import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { ChainFile, type KeptChain } from '../../../../collector/universe/chain-file.ts'
import type { OptionContract } from '../../../../market/contract.ts'
import { temporaryFolder } from '../journal/journal-support.ts'

const HOURS = { readOn: '2026-06-01', timeZone: 'US/Eastern', trading: '20260601:0930-1600', liquid: '20260601:0930-1600' }
const OPTION: OptionContract = {
  kind: 'option',
  symbol: 'TWX',
  currency: 'USD',
  expiry: '2026-06-19',
  lastTradeDate: '2026-06-18',
  strike: 72.5,
  right: 'C',
  multiplier: 100,
  tradingClass: 'TWX',
  conId: 1001,
  priceGrid: [{ from: 0, increment: 0.01 }],
  hours: HOURS,
}
const CHAIN: KeptChain = {
  root: { kind: 'stock', symbol: 'TWX', currency: 'USD', primaryVenue: 'NYSE', conId: 4321, hours: HOURS },
  options: [OPTION, { ...OPTION, strike: 75, hours: { ...HOURS, readOn: '2026-06-02' } }],
  unasked: [{ expiry: '2027-01-15', tradingClass: 'TWX', multiplier: 100, reason: 'expiry-days' }],
}
const INDEX: KeptChain = { root: { kind: 'index', symbol: 'SPX', currency: 'USD', venue: 'CBOE' }, options: [], unasked: [] }
const CHAINS = new Map([
  ['{"symbol":"TWX"}', CHAIN],
  ['{"symbol":"SPX"}', INDEX],
])

async function fileIn(dataDir: string, gateway = 'localhost:4001') {
  const errors: string[] = []
  return { file: new ChainFile({ dataDir, gateway, onError: (error) => errors.push(String(error)) }), errors }
}

it('gives the chains back that were kept for the day, with hours named once', async () => {
  const dataDir = await temporaryFolder()
  const { file, errors } = await fileIn(dataDir)
  expect(await file.read('2026-06-01')).toEqual(new Map())
  await file.write('2026-06-01', CHAINS)
  expect(await (await fileIn(dataDir)).file.read('2026-06-01')).toEqual(CHAINS)
  expect((await readFile(join(dataDir, 'chains.json'), 'utf8')).split('2026-06-01').length - 1).toBe(2)
  expect(errors).toEqual([])
})

it('gives nothing back of another day or another gateway', async () => {
  const dataDir = await temporaryFolder()
  await (await fileIn(dataDir)).file.write('2026-06-01', CHAINS)
  expect((await (await fileIn(dataDir)).file.read('2026-06-02')).size).toBe(0)
  expect((await (await fileIn(dataDir, 'localhost:4002')).file.read('2026-06-01')).size).toBe(0)
})

it.each(['', '{"day": "2026-06-01"', '{"day": "2026-06-01"}', '[]'])(
  'says that a file which holds %j is damaged, and goes on without',
  async (text) => {
    const dataDir = await temporaryFolder()
    await writeFile(join(dataDir, 'chains.json'), text)
    const { file, errors } = await fileIn(dataDir)
    expect(await file.read('2026-06-01')).toEqual(new Map())
    expect(errors).toHaveLength(1)
    await file.write('2026-06-01', CHAINS)
    expect(await file.read('2026-06-01')).toEqual(CHAINS)
  },
)

it('says that it cannot be written', async () => {
  const dataDir = await temporaryFolder()
  const { file, errors } = await fileIn(dataDir)
  await rm(dataDir, { recursive: true })
  await file.write('2026-06-01', CHAINS)
  expect(errors).toHaveLength(1)
})
