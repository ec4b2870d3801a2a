/** The command line where nothing is as it should be: outputs that are full or closed, odd names, an odd environment. */

import { copyFile, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { expectComplaint, expectDone, newPlace, type Place } from '../support/process/command.ts'
import { COMMAND } from '../support/process/recording.ts'

const SHIPPED = join(packageRoot(), 'tapes', 'twx-2014-06-05.tape')
const SOURCE = join(packageRoot(), 'test', 'fixtures', 'option-quotes', 'twx_20140605_quote_1min.csv')

let place: Place
beforeAll(async () => {
  place = await newPlace()
})
afterAll(() => place.remove())

const run = (args: string[], env?: NodeJS.ProcessEnv) => place.tapedeck(args, env).ended

describe('an output', () => {
  it.each([
    ['tape cat', ['tape', 'cat', SHIPPED]],
    ['tape info', ['tape', 'info', SHIPPED]],
    ['config schema', ['config', 'schema']],
  ])('that is full ends %s with a word and 1', async (_, args) => {
    const full = await open('/dev/full', 'w')
    onTestFinished(() => full.close())
    const { code, stderr } = await place.start([...COMMAND, ...args], { stdio: ['ignore', full.fd, 'pipe'] }).ended
    expect(stderr).toMatch(/^tapedeck: standard output cannot be written: ENOSPC/)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(code).toBe(1)
  })

  it('that is a folder, or below something that is no folder, is refused before anything is read', async () => {
    for (const out of [place.folder, join(SHIPPED, 'x.tape'), '/proc/x.tape'])
      expect(await run(['tape', 'import', SOURCE, '--out', out])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^tapedeck: Tape .* cannot be written \([A-Z]+\)\. Check that/m),
      })
  })
})

describe('a path', () => {
  it('may have blanks, line ends and signs of any script in it', async () => {
    const folder = join(place.folder, 'a b\nc ü😀')
    await mkdir(folder)
    const tape = join(folder, '--odd "name".tape')
    await copyFile(SHIPPED, tape)
    expect(expectDone(await run(['tape', 'verify', tape]))).toBe(`${tape}: 8 blocks, 31129 records, ok\n`)
    expect(JSON.parse(expectDone(await run(['tape', 'info', '--json', tape])))).toMatchObject({ path: tape, records: 31_129 })
  })

  it.each([
    ['that is empty', '', /does not exist/],
    ['of a folder', '/', /is a folder or a device, not a file/],
    ['of a device without end', '/dev/zero', /is a folder or a device, not a file/],
    ['that is too long', `/${'x'.repeat(5000)}`, /cannot be opened \(ENAMETOOLONG\)/],
  ])('%s is refused', async (_, path, saying) => {
    expectComplaint(await run(['tape', 'info', path]), { code: 1, saying })
  })
})

describe('a data directory', () => {
  it.each(['/proc/nowhere', '/dev/null', '/dev/null/below', `/${'x'.repeat(300)}`])('at %s is refused', async (folder) => {
    expectComplaint(await run(['collect', '--underlying', 'TWX', '--data-dir', folder]), {
      code: 2,
      saying: /Expected a data directory at .* that we may write to: .*\. Choose another/,
    })
  })
})

describe('an environment', () => {
  it.each([
    ['a locale that does not exist', { LC_ALL: 'xx_YY.UTF-8', LANG: 'xx_YY.UTF-8' }],
    ['the locale C', { LC_ALL: 'C', LANG: 'C' }],
    ['a time zone of three quarters of an hour', { TZ: 'Asia/Kathmandu' }],
    ['a time zone that does not exist', { TZ: 'Nowhere/At_All' }],
    [
      'next to nothing in it',
      { LANG: undefined, LC_ALL: undefined, TERM: undefined, HOME: undefined, USER: undefined, LOGNAME: undefined },
    ],
  ] as [string, NodeJS.ProcessEnv][])('with %s gets the same database and the same bytes', async (name, env) => {
    const own = { ...env, TAPEDECK_DATA_DIR: join(place.folder, `data of ${name}`) }
    expect(expectDone(await run(['db', 'migrate'], own))).toMatch(/^applied migration 000001_tape\n/)
    const first = expectDone(await run(['tape', 'cat', SHIPPED, '--from', '2014-06-05T13:30:00Z', '--limit', '1', '--kinds', 'quote'], own))
    expect(JSON.parse(first)).toMatchObject({ ts: expect.stringMatching(/^2014-06-05T13:3\d:/) })
  })
})
