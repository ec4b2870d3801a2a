/** `tapedeck service` writes a unit, and its command line is run here as systemd would: it says when it is ready, alive and stopping. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it, onTestFinished, vi } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { forEachEdition } from '../support/database/databases.ts'
import { EMBEDDED } from '../support/database/editions.ts'
import { MS_US, tapeOf, tapeRoom } from '../support/gateway/gateway-tape.ts'
import { newPlace } from '../support/process/command.ts'
import { busyQuotes } from '../support/tape/busy-tape.ts'

const PATIENCE = { timeout: 60_000, interval: 50 }
const hasNotify = spawnSync('systemd-notify', ['--version']).error === undefined
const NO_NOTIFY = 'systemd-notify is not installed'

it('writes a unit once, refuses to replace one that was changed, and leaves the recordings when it is removed', {
  timeout: 180_000,
}, async () => {
  const place = await newPlace()
  const units = join(place.folder, 'units')
  const unit = join(units, 'tapedeck.service')
  const service = (...args: string[]) => place.tapedeck(['service', ...args, '--user', '--unit-dir', units]).ended
  const dry = await service('install', '--dry-run')
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('\nExecStart=') as string })
  await expect(stat(unit)).rejects.toThrow('ENOENT')

  expect(await service('install')).toMatchObject({ code: 0, stdout: expect.stringContaining(`Wrote ${unit}.`) as string })
  const text = await readFile(unit, 'utf8')
  expect(text.trimEnd()).toBe(dry.stdout.trimEnd())
  expect(await service('install')).toMatchObject({ code: 0, stdout: `${unit} is there already, and the same.\n` })

  await writeFile(unit, `${text}# mine\n`)
  for (const args of [['install'], ['uninstall']]) {
    const refused = await service(...args)
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('found it changed') as string })
  }
  expect(await readFile(unit, 'utf8')).toBe(`${text}# mine\n`)
  expect(await service('install', '--force')).toMatchObject({ code: 0 })
  expect(await readFile(unit, 'utf8')).toBe(text)

  expect(await service('uninstall', '--dry-run')).toMatchObject({ code: 0, stdout: `would stop tapedeck.service and remove ${unit}\n` })
  expect(await service('uninstall')).toMatchObject({ code: 0, stdout: `Removed ${unit}. What was recorded stays where it is.\n` })
  expect(await service('uninstall')).toMatchObject({ code: 0, stdout: `${unit} is not there: nothing to do.\n` })
  const missing = await place.tapedeck(['service', 'install', '--user', '--unit-dir', units, '--config', 'nowhere.yaml']).ended
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('nowhere.yaml') as string })
})

/** Words of a command line as systemd reads those that we write. */
const wordsOf = (line: string) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) => word)

forEachEdition('a service', (edition) => {
  it('tells the service manager when it is ready, that it is alive, and that it stops', { timeout: 180_000 }, async ({ skip }) => {
    skip(edition.name !== EMBEDDED, 'nothing here depends on the edition')
    if (!hasNotify) {
      expect(process.env['TAPEDECK_REQUIRE_TOOLS'], NO_NOTIFY).not.toBe('1')
      return skip(NO_NOTIFY)
    }
    const room = await tapeRoom()
    onTestFinished(() => room.clear())
    const { port } = await room.serveFile(await room.write(tapeOf(busyQuotes(5000, MS_US))), { startAfterLines: 4, publishTime: true })
    const place = await newPlace()
    const config = join(place.folder, 'tapedeck.yaml')
    const lines = [
      `gateway: { host: 127.0.0.1, port: ${port}, clock: gateway }`,
      'universe: { strikes: all, expiryDays: 1000, underlyings: [{ symbol: TWX }] }',
      `database: { url: '${await edition.createDatabase()}' }`,
      'metrics: off',
    ]
    await writeFile(config, `${lines.join('\n')}\n`)
    const units = join(place.folder, 'units')
    const args = ['service', 'install', '--user', '--unit-dir', units, '--config', config, '--data-dir', place.dataDir]
    expect(await place.tapedeck(args).ended).toMatchObject({ code: 0 })

    const socket = join(place.folder, 'notify')
    const listener = spawn('perl', [join(packageRoot(), 'test/support/process/notify-listener.pl'), socket], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void listener.kill('SIGKILL'))
    let told = ''
    listener.stdout.on('data', (text: Buffer) => (told += text.toString()))
    await once(listener.stdout, 'data')

    const unit = await readFile(join(units, 'tapedeck.service'), 'utf8')
    const [program = '', ...words] = wordsOf(/^ExecStart=(.*)$/m.exec(unit)?.[1] ?? '')
    const run = place.start([program, ...words], { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '600000' } })
    await vi.waitFor(() => {
      expect(told).toMatch(/^READY=1\tSTATUS=.*\tWATCHDOG=1$/m)
      expect(told.match(/^STATUS=.* ticks .*\tWATCHDOG=1$/gm)?.length ?? 0).toBeGreaterThan(2)
    }, PATIENCE)
    expect(told.match(/READY=1/g)).toHaveLength(1)
    expect(told).not.toContain('STOPPING')
    run.child.kill('SIGTERM')
    expect(await run.ended).toMatchObject({ code: 0 })
    await vi.waitFor(() => expect(told).toMatch(/^STOPPING=1\tSTATUS=stopping/m), PATIENCE)
  })
})
