/** What `tapedeck gateway` adds to a tape by its options and settings: computed option values, the account, the word that trading goes on. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { writeTape } from '../../db/tape/writer.ts'
import { JUNE_70_CALL, marketDataRequest, quoteAt, TWX, tapeOf, tickByTickRequest } from '../support/gateway/gateway-tape.ts'
import { RawTwsClient } from '../support/gateway/raw-tws-client.ts'
import { expectComplaint, newPlace, type Place } from '../support/process/command.ts'

let place: Place
let tape: string

beforeAll(async () => {
  place = await newPlace()
  tape = join(place.folder, 'quotes.tape')
  const quotes = [quoteAt(0, 0, [70.9, 1], [71.1, 1]), quoteAt(1, 1, [2.1, 1], [2.3, 1])]
  await writeTape(tape, { source: 'import' }, [tapeOf(quotes)])
})
afterAll(() => place.remove())

/** Starts a gateway; returns a client of it, and what ends both. */
async function connected(args: string[], env?: NodeJS.ProcessEnv): Promise<{ client: RawTwsClient; end: () => Promise<void> }> {
  const gateway = place.tapedeck(['gateway', '--port', '0', '--json', ...args], env)
  await gateway.until('it listens', ({ stdout }) => stdout.includes('listening'))
  const { port } = JSON.parse(gateway.stdout) as { port: number }
  const client = await RawTwsClient.connect({ port, clientId: 1 })
  const end = async () => {
    await client.close()
    gateway.child.kill('SIGINT')
    await gateway.ended
  }
  return { client, end }
}

/** Serves the tape, plays it to its end and returns what a line of its option gets behind the parameters, and the account's buying power. */
async function served(args: string[], env?: NodeJS.ProcessEnv): Promise<{ line: string[]; buyingPower: string | undefined }> {
  const { client, end } = await connected(['--tape', tape, '--speed', 'max', '--start-after-lines', '0', ...args], env)
  client.send(...marketDataRequest(1, JUNE_70_CALL, { snapshot: true }))
  await client.frame('57|1|1|')
  client.send(62, 1, 2, 'All', 'BuyingPower')
  await client.frame('64|1|2|')
  const from = client.frames.findIndex((frame) => frame.startsWith('81|1|'))
  const line = client.frames.slice(from + 1).filter((frame) => /^(21|45\|6)\|1\|/.test(frame))
  const buyingPower = client.frames.find((frame) => frame.startsWith('63|1|2|'))?.split('|')[5]
  await end()
  return { line, buyingPower }
}

const computed = (line: string[]) => line.filter((frame) => frame.startsWith('21|')).map((frame) => frame.split('|'))
const volatilityOf = (line: string[]) => Number(computed(line).at(-1)?.[4])

describe('tapedeck gateway', () => {
  it('computes option values of bid, ask and model at the rate of the settings', async () => {
    const config = join(place.folder, 'dear-money.yaml')
    await writeFile(config, 'carry: { rate: 0.2 }\n')
    const [usual, dear] = [await served([]), await served(['--config', config])]
    expect(computed(usual.line).map(([, , type, , , , price]) => [type, price])).toEqual([
      ['10', '2.1'],
      ['11', '2.3'],
      ['13', '2.2'],
    ])
    // The dearer the money, the less volatility explains a call's price.
    expect(volatilityOf(dear.line)).toBeLessThan(volatilityOf(usual.line))
    expect(volatilityOf((await served(['--config', config, '--rate', '0.04'])).line)).toBeCloseTo(volatilityOf(usual.line), 6)
  })

  it('computes none with --rate off, and reads no settings then', async () => {
    const broken = join(place.folder, 'broken.yaml')
    await writeFile(broken, 'carry: { rate: dear }\n')
    expect(computed((await served(['--rate', 'off', '--config', broken])).line)).toEqual([])
    expectComplaint(await place.tapedeck(['gateway', '--tape', tape, '--port', '0', '--config', broken]).ended, {
      code: 2,
      saying: /carry\.rate: expected an annual rate from -0\.5 to 1, such as 0\.04/,
    })
  })

  it('shows an account with a million dollars, or what --account-cash says', async () => {
    expect((await served([])).buyingPower).toBe('1000000.00')
    expect((await served(['--account-cash', '25000'])).buyingPower).toBe('25000.00')
    expectComplaint(await place.tapedeck(['gateway', '--tape', tape, '--port', '0', '--account-cash', '-1']).ended, {
      code: 2,
      saying: /Option account-cash: expected an amount of 0 or more, such as 25000, found -1/,
    })
  })

  it('says that trading is not halted, but for a recorder, which it publishes its time to', async () => {
    const halted = (line: string[]) => line.filter((frame) => frame.startsWith('45|'))
    expect(halted((await served(['--rate', 'off'])).line)).toEqual(['45|6|1|49|0|'])
    expect(halted((await served(['--rate', 'off', '--publish-time'])).line)).toEqual([])
  })

  it('has as many lines and takes as many messages as it is told', async () => {
    const limits = ['--lines', '1', '--tick-by-tick', '0', '--message-rate', '20', '--start-after-lines', '1']
    const { client, end } = await connected(['--tape', tape, ...limits])
    client.send(...marketDataRequest(1, TWX))
    client.send(...marketDataRequest(2, JUNE_70_CALL))
    client.send(...tickByTickRequest(3, TWX, 'Last'))
    await client.frame('4|2|3|')
    expect(client.frames.filter((frame) => /^4\|2\|\d/.test(frame)).map((frame) => frame.split('|').slice(2, 4))).toEqual([
      ['2', '101'],
      ['3', '10190'],
    ])
    // Many reads: the last word arrives though the rest of them is never answered.
    for (let i = 0; i < 5000; i++) client.send(2, 2, 100 + i)
    await client.closed
    expect(client.frames.at(-1)).toContain('|100|Max rate of messages per second has been exceeded: max=20 ')
    await end()
  })

  it('serves a market that is made up, the same for the same seed', async () => {
    const market = [
      '--synthetic',
      '3',
      '--ticks-per-second',
      '10',
      '--seconds',
      '10',
      '--speed',
      'max',
      '--rate',
      'off',
      '--sampling',
      'off',
    ]
    const frames: string[][] = []
    for (const seed of ['7', '7', '8']) {
      const { client, end } = await connected([...market, '--seed', seed, '--publish-time'])
      client.send(1, 11, 1, '', 'SYN', 'STK', '', 0, '', '', 'SMART', '', 'USD', '', '', 0, '', 0, 0, '')
      await client.frame('4|2|-1|99000|')
      frames.push(client.frames.filter((frame) => /^[12]\|6\|1\|/.test(frame)))
      await end()
    }
    expect(frames[0]?.length).toBeGreaterThan(30)
    expect(frames[1]).toEqual(frames[0])
    expect(frames[2]).not.toEqual(frames[0])
  })
})
