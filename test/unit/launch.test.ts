import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'

const launcher = fileURLToPath(new URL('../../launch.mjs', import.meta.url))
const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const LOCK = {
  packages: {
    '': {},
    'node_modules/pg': { version: '8.0.0', integrity: 'sha512-pg' },
    'node_modules/typescript': { version: '7.0.0', integrity: 'sha512-ts', dev: true },
    'node_modules/only-on-mars': { version: '1.0.0', integrity: 'sha512-mars', dev: true, optional: true },
  },
}

/** Stands in for npm: notes its arguments and lays out node_modules as npm ci would, except for what the platform lacks. */
const NPM = `#!/usr/bin/env node
const { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs')
appendFileSync('npm.log', process.argv.slice(2).join(' ') + '\\n')
console.error('npm warn something nobody needs')
if (process.env.NPM_FAILS) { console.error('npm error the network is gone'); process.exit(1) }
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
delete lock.packages['']
delete lock.packages['node_modules/only-on-mars']
for (const path of Object.keys(lock.packages)) mkdirSync(path, { recursive: true })
cpSync('compiler', 'node_modules/typescript/bin', { recursive: true })
writeFileSync('node_modules/.package-lock.json', JSON.stringify(lock))
`

/** Stands in for tsc: notes that it ran, writes the output even when types are wrong. */
const TSC = `const { appendFileSync, cpSync, mkdirSync, readFileSync } = require('node:fs')
appendFileSync('tsc.log', 'built\\n')
mkdirSync('dist', { recursive: true })
cpSync('tapedeck.ts', 'dist/tapedeck.js')
if (/wrong/.test(readFileSync('tapedeck.ts', 'utf8'))) { console.log('tapedeck.ts(1,1): error TS1: wrong'); process.exit(2) }
`

/** A clone with a space in its path, nothing installed, nothing built. */
function clone() {
  const folder = join(mkdtempSync(join(tmpdir(), 'tapedeck-launch-')), 'a clone')
  folders.push(dirname(folder))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  write('package.json', '{"type":"commonjs"}')
  write('package-lock.json', JSON.stringify(LOCK))
  write('tsconfig.json', '{}')
  write('tsconfig.build.json', '{"include":["tapedeck.ts","market"]}')
  write('market/tick.ts', '')
  write('tapedeck.ts', "console.log('ran', process.argv.slice(2).join(' '))")
  write('bin/npm', NPM)
  write('compiler/tsc', TSC)
  chmodSync(join(folder, 'bin/npm'), 0o755)
  copyFileSync(launcher, join(folder, 'launch.mjs'))
  const env = { ...process.env, npm_execpath: '', PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}` }
  const log = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').trim().split('\n') : [])
  return {
    folder,
    write,
    remove: (path: string) => rmSync(join(folder, path), { recursive: true }),
    installs: () => log('npm.log'),
    builds: () => log('tsc.log').length,
    launch: (args: string[] = [], more: Record<string, string> = {}) =>
      spawnSync(process.execPath, [join(folder, 'launch.mjs'), ...args], { encoding: 'utf8', cwd: tmpdir(), env: { ...env, ...more } }),
    start: () =>
      new Promise<number | null>((resolve) => {
        spawn(process.execPath, [join(folder, 'launch.mjs')], { env, stdio: 'ignore' }).on('close', resolve)
      }),
  }
}

describe('the launcher in a clone', () => {
  it('installs, builds and runs with the arguments, saying one line', () => {
    const { launch, installs } = clone()
    expect(launch(['demo', '--json'])).toMatchObject({ stdout: 'ran demo --json\n', stderr: 'Installing dependencies…\n', status: 0 })
    expect(installs()).toEqual(['ci --include=dev --no-audit --no-fund'])
  })

  it('neither installs nor builds again when nothing changed', () => {
    const { launch, installs, builds } = clone()
    launch()
    expect(launch()).toMatchObject({ stdout: 'ran \n', stderr: '' })
    expect([installs().length, builds()]).toEqual([1, 1])
  })

  it('only prepares with --prepare', () => {
    const { launch, folder } = clone()
    expect(launch(['--prepare'])).toMatchObject({ stdout: '', status: 0 })
    expect(existsSync(join(folder, 'dist/tapedeck.js'))).toBe(true)
  })

  it('builds again when a source changes, appears or disappears, whatever its time', () => {
    const { launch, builds, write, remove, folder } = clone()
    launch()
    write('market/tick.ts', '// changed')
    utimesSync(join(folder, 'market/tick.ts'), 0, 0)
    launch()
    write('market/bar.ts', '')
    launch()
    remove('market/bar.ts')
    launch()
    expect(builds()).toBe(4)
  })

  it('installs again when the lock file asks for another version', () => {
    const { launch, installs, write } = clone()
    launch()
    write('package-lock.json', JSON.stringify(LOCK).replace('8.0.0', '8.0.1'))
    launch()
    expect(installs()).toHaveLength(2)
  })

  it('shows what the compiler said, fails, and does not take the output for good afterwards', () => {
    const { launch, write } = clone()
    launch()
    write('tapedeck.ts', '// wrong')
    const { stderr, stdout, status } = launch()
    expect([stdout, status]).toEqual(['', 1])
    expect(stderr).toContain('error TS1')
    write('tapedeck.ts', "console.log('ran', process.argv.slice(2).join(' '))")
    expect(launch().stdout).toBe('ran \n')
  })

  it("shows npm's output only when npm fails", () => {
    const { launch, folder } = clone()
    const { stderr, status } = launch([], { NPM_FAILS: '1' })
    expect(status).toBe(1)
    expect(stderr).toContain('npm error the network is gone')
    expect(stderr).toContain(`npm ci failed (exit code 1) in ${folder}`)
  })

  it('runs a fresh build without the development dependencies, and says so when it would have to build', () => {
    const { launch, installs, write, remove } = clone()
    launch()
    const { 'node_modules/pg': pg } = LOCK.packages
    write('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/pg': pg } }))
    remove('node_modules/typescript')
    expect(launch()).toMatchObject({ stdout: 'ran \n', status: 0 })
    write('market/tick.ts', '// changed')
    const { stderr, status } = launch()
    expect(status).toBe(1)
    expect(stderr).toContain('TypeScript is not installed here')
    expect(installs()).toHaveLength(1)
  })

  it('lets two that start at once install and build once', async () => {
    const { start, installs, builds } = clone()
    expect(await Promise.all([start(), start()])).toEqual([0, 0])
    expect([installs().length, builds()]).toEqual([1, 1])
  })

  it('installs again when what npm noted is cut short, as while another one installs', () => {
    const { launch, installs, write } = clone()
    write('node_modules/.package-lock.json', '{"packages": {"node_modules/pg": {"vers')
    expect(launch()).toMatchObject({ stdout: 'ran \n', status: 0 })
    expect(installs()).toHaveLength(1)
  })

  it('takes over the lock of one that died', () => {
    const { launch, folder } = clone()
    mkdirSync(join(folder, 'dist/.preparing'), { recursive: true })
    utimesSync(join(folder, 'dist/.preparing'), 0, 0)
    expect(launch()).toMatchObject({ stdout: 'ran \n', status: 0 })
    expect(existsSync(join(folder, 'dist/.preparing'))).toBe(false)
  })
})

describe('the launcher in a published package', () => {
  it('runs what is there and never installs or builds', () => {
    const { launch, installs, builds, write, remove } = clone()
    remove('tsconfig.json')
    write('dist/tapedeck.js', "console.log('packed')")
    expect(launch()).toMatchObject({ stdout: 'packed\n', stderr: '', status: 0 })
    expect([installs(), builds()]).toEqual([[], 0])
  })
})
