/** What compose puts into the container of IB Gateway: the health check that asks the gateway itself, and what makes it send shares. */

import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { COMPOSE } from '../support/compose/compose.ts'
import { type Place, placeForTest } from '../support/process/command.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
/** Lines of the template that the image ships (gnzsnz/ib-gateway-docker, stable/config/ibc/config.ini.tmpl). */
const TEMPLATE = `IbLoginId=\${TWS_USERID}
AcceptBidAskLastSizeDisplayUpdateNotification=accept
SendMarketDataInLotsForUSstocks=
ReadOnlyApi=\${READ_ONLY_API}
`

let place: Place
let settings: string
beforeEach(async () => {
  place = await placeForTest()
  settings = join(place.folder, 'config.ini')
  await writeFile(settings, TEMPLATE)
})

const run = (script: string, env: NodeJS.ProcessEnv) => place.start(['bash', join(COMPOSE, 'ib-gateway', script)], { env }).ended
const makeShares = () => run('start/10-sizes-in-shares.sh', { IBC_INI_TMPL: settings })
const healthOf = (port: number, env: NodeJS.ProcessEnv = {}) =>
  run('healthcheck.sh', { TRADING_MODE: 'paper', IBC_INI: settings, API_PORT: String(port), ...env })

/** Takes connections, and does with them what it is told. */
async function listen(take: (socket: import('node:net').Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    take(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

describe('the start script of IB Gateway', () => {
  it('makes the image send sizes in shares, and changes nothing else', async () => {
    expect(await makeShares()).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await readFile(settings, 'utf8')).toBe(
      TEMPLATE.replace('SendMarketDataInLotsForUSstocks=', 'SendMarketDataInLotsForUSstocks=no'),
    )
    expect((await makeShares()).code).toBe(0)
  })

  it('says that sizes may come in lots where the image has no such setting', async () => {
    await writeFile(settings, 'IbLoginId=trader\n')
    expect((await makeShares()).stderr).toContain('sizes of US stocks may come in lots')
  })
})

describe('the health check of IB Gateway', () => {
  it('is content with a gateway that answers', async () => {
    await makeShares()
    const gateway = place.tapedeck(['gateway', '--tape', SHIPPED, '--port', '0', '--json'])
    await gateway.until('it listens', ({ stdout }) => stdout.includes('listening'))
    const { port } = JSON.parse(gateway.stdout) as { port: number }
    expect(await healthOf(port)).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await healthOf(port, { TRADING_MODE: 'live' })).toMatchObject({ code: 0 })
  })

  it('fails when nothing listens', async () => {
    await makeShares()
    const { code, stderr } = await healthOf(1)
    expect(code).toBe(1)
    expect(stderr).toContain('Connection refused')
  })

  it('fails when what accepts is a gateway that hangs', async () => {
    await makeShares()
    const port = await listen(() => undefined)
    expect(await healthOf(port)).toMatchObject({ code: 1, stdout: expect.stringContaining('found silence') })
  })

  it('fails when what accepts is a relay in front of a dead gateway', async () => {
    await makeShares()
    const port = await listen((socket) => socket.end())
    expect(await healthOf(port)).toMatchObject({ code: 1, stdout: expect.stringContaining('found silence') })
  })

  it('fails when sizes may come in lots', async () => {
    expect(await healthOf(1)).toMatchObject({ code: 1, stdout: expect.stringContaining('sizes of US stocks may come in lots') })
  })

  it('asks for a trading mode', async () => {
    expect(await healthOf(1, { TRADING_MODE: 'both' })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('expected TRADING_MODE live or paper'),
    })
  })
})
