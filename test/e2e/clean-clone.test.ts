/**
 * What a user gets who clones the project: the two commands of the README in a fresh copy of what git would give, in a path with spaces,
 * while the usual ports are taken; as whoever runs this test, and when that is root, as an ordinary user too.
 */

import { execFile } from 'node:child_process'
import { chown, copyFile, lstat, mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, it } from 'vitest'

import { packageRoot } from '../../system/package-root.ts'
import { type Place, placeForTest, takePort } from '../support/process/command.ts'

const exec = promisify(execFile)
/** Installing downloads what is not in npm's cache. */
const CLONE_MS = 300_000

interface User {
  uid: number
  gid: number
}

/** Tracked files, and those that are neither tracked nor ignored; undefined where there is no git or no checkout. */
async function filesOfTheProject(): Promise<string[] | undefined> {
  const git = await exec('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: packageRoot(), maxBuffer: 1 << 26 }).catch(
    () => undefined,
  )
  return git?.stdout.split('\0').filter((path) => path !== '')
}

async function clone(files: string[], folder: string): Promise<void> {
  for (const path of files) {
    const source = join(packageRoot(), path)
    // Deleted and not yet committed, or a folder that is linked in.
    if (!(await lstat(source).catch(() => undefined))?.isFile()) continue
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await copyFile(source, join(folder, path))
  }
}

async function giveTo(folder: string, { uid, gid }: User): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true })) await chown(join(folder, entry), uid, gid)
  await chown(folder, uid, gid)
}

async function ordinaryUser(): Promise<User> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await exec('id', [flag, 'nobody'])).stdout)))
  return { uid: uid ?? 0, gid: gid ?? 0 }
}

/** A home of one's own: nothing that our user has set for npm, but for the registry. */
async function homeOf(place: Place, user: User): Promise<NodeJS.ProcessEnv> {
  const home = join(place.folder, 'home')
  await mkdir(home)
  await chown(home, user.uid, user.gid)
  const { stdout } = await exec('npm', ['config', 'get', 'registry'], { cwd: packageRoot() })
  return {
    HOME: home,
    npm_config_registry: stdout.trim(),
    npm_config_userconfig: join(home, '.npmrc'),
    npm_config_cache: join(home, '.npm'),
    // As npm 12 does, and careful people do before.
    npm_config_ignore_scripts: 'true',
    // Theirs is below their home.
    TAPEDECK_DATA_DIR: undefined,
    XDG_DATA_HOME: undefined,
  }
}

async function expectBothCommandsWork(files: string[], user?: User): Promise<void> {
  const place = await placeForTest()
  const folder = join(place.folder, 'a fresh clone')
  await clone(files, folder)
  if (user) await giveTo(folder, user)
  const options = { cwd: folder, ...user, env: user && (await homeOf(place, user)) }
  for (const port of [5432, 7497]) await takePort(port)

  const demo = await place.start(['npm', 'run', 'demo'], options).ended
  expect(demo.code, `${demo.stdout}${demo.stderr}`).toBe(0)
  expect(demo.stderr).toMatch(/^Installing dependencies…$/m)
  expect(demo.stdout).toMatch(/^Every tick is accounted for\./m)

  const tests = await place.start(['npm', 'test', '--', '--project', 'unit', 'test/unit/market'], options).ended
  expect(tests.code, `${tests.stdout}${tests.stderr}`).toBe(0)
  expect(tests.stdout).toMatch(/^[1-9]\d* passed, 0 failed, \d+ skipped$/m)
  expect(await place.processes()).toEqual([])
}

const files = await filesOfTheProject()

describe.skipIf(!files)(`a clean clone${files ? '' : ' (skipped: this is no git checkout, or git is not installed)'}`, () => {
  it(
    'runs the demonstration and the tests with one command each',
    async () => {
      await expectBothCommandsWork(files ?? [])
    },
    CLONE_MS,
  )

  const isRoot = process.getuid?.() === 0
  it.skipIf(!isRoot)(
    `does so for an ordinary user too, whose npm runs no install scripts${isRoot ? '' : ' (skipped: only root can become one; the test above ran as an ordinary user)'}`,
    async () => {
      await expectBothCommandsWork(files ?? [], await ordinaryUser())
    },
    CLONE_MS,
  )
})
