#!/usr/bin/env node
/**
 * The command `tapedeck`. In a published package it starts dist/tapedeck.js. In a clone (tsconfig.json lies beside it) it first
 * installs the dependencies and builds dist/, each only when needed, so that a fresh clone runs with one command.
 * `--prepare` does that and ends.
 *
 * It uses nothing newer than Node 14 before the version is checked, so that an old Node gets an answer and no syntax error.
 */

import { spawn } from 'child_process'
import { createHash } from 'crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'fs'
import { dirname, join } from 'path'
import { fileURLToPath, pathToFileURL } from 'url'

const NEEDED_NODE = [20, 19]
const LOCK_POLL_MS = 100
/** The holder of the lock touches it every second; one that did not for this long is dead. */
const LOCK_STALE_MS = 10000

const root = dirname(fileURLToPath(import.meta.url))
const at = (...parts) => join(root, ...parts)

class LaunchError extends Error {}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1])) return
  throw new LaunchError(
    `Tapedeck needs Node ${NEEDED_NODE.join('.')} or newer; this is ${process.version} (${process.execPath}).\n` +
      'Install a current Node.js from https://nodejs.org and try again.',
  )
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** Undefined when it is not there, or not whole: another process may be writing it. */
function attempt(read) {
  try {
    return read()
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** 'complete', 'without-dev' (as after `npm ci --omit=dev`) or 'outdated', by what npm noted in node_modules about its last run. */
function installedState() {
  const wanted = readJson(at('package-lock.json')).packages
  const noted = attempt(() => readJson(at('node_modules/.package-lock.json')))
  if (!noted || !noted.packages) return 'outdated'
  const installed = noted.packages
  let devMissing = false
  let devPresent = false
  for (const path of Object.keys(wanted)) {
    if (path === '') continue
    const { version, integrity, dev, optional, devOptional } = wanted[path]
    const found = installed[path]
    if (found) {
      if (found.version !== version || found.integrity !== integrity || !existsSync(at(path))) return 'outdated'
      if (dev) devPresent = true
    } else if (dev) {
      if (!optional) devMissing = true
    } else if (!optional && !devOptional) return 'outdated'
  }
  if (!devMissing) return 'complete'
  return devPresent ? 'outdated' : 'without-dev'
}

/** Fingerprint of all that the build reads, by content: a checkout, a copy or a skewed clock does not fool it. */
function sourcesHash() {
  const hash = createHash('sha256')
  const add = (path) => {
    if (statSync(at(path)).isDirectory()) for (const name of readdirSync(at(path)).sort()) add(`${path}/${name}`)
    else if (/\.(ts|json)$/.test(path))
      hash
        .update(`${path}\0`)
        .update(readFileSync(at(path)))
        .update('\0')
  }
  const inputs = readJson(at('tsconfig.build.json')).include
  for (const path of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', ...inputs]) if (existsSync(at(path))) add(path)
  return hash.digest('hex')
}

/** Written after a build without errors only; tsc itself also leaves its output behind when types are wrong. */
const STAMP = 'dist/.built-from'

function isBuilt() {
  const stamp = attempt(() => readFileSync(at(STAMP), 'utf8'))
  return stamp !== undefined && existsSync(at('dist/tapedeck.js')) && stamp === sourcesHash()
}

/** What Ctrl-C does while a child process works; the exit handler then releases the lock. */
let onInterrupt = () => {}

/** Runs a program to its end without a shell. Its output is shown only when it fails. */
function run(what, program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const output = []
    child.stdout.on('data', (chunk) => output.push(chunk))
    child.stderr.on('data', (chunk) => output.push(chunk))
    child.on('error', (error) => reject(new LaunchError(`${what} did not start: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (code === 0) return resolve()
      process.stderr.write(Buffer.concat(output))
      reject(new LaunchError(`${what} failed (${signal || `exit code ${code}`}) in ${root}; its output is above.`))
    })
    onInterrupt = (signal) => child.kill(signal)
  })
}

/** npm as the program that started us, when it did; else the one on the PATH. */
function npm(args) {
  const path = process.env.npm_execpath || ''
  const cli = /np[mx]-cli\.js$/.test(path) ? join(dirname(path), 'npm-cli.js') : undefined
  return cli && existsSync(cli) ? run('npm ci', process.execPath, [cli, ...args]) : run('npm ci', 'npm', args)
}

async function installAndBuild() {
  const state = installedState()
  const built = isBuilt()
  if (state === 'outdated') {
    process.stderr.write('Installing dependencies…\n')
    await npm(['ci', '--include=dev', '--no-audit', '--no-fund'])
  }
  if (built) return
  const tsc = at('node_modules/typescript/bin/tsc')
  if (!existsSync(tsc))
    throw new LaunchError(
      `dist/ must be built, and TypeScript is not installed here (npm ci --omit=dev?). Run \`npm ci\` in ${root} and try again.`,
    )
  const hash = sourcesHash()
  if (existsSync(at(STAMP))) unlinkSync(at(STAMP))
  await run('The build', process.execPath, [tsc, '-p', 'tsconfig.build.json'])
  writeFileSync(at(STAMP), hash)
}

async function prepare() {
  if (installedState() !== 'outdated' && isBuilt()) return
  const lock = at('dist/.preparing')
  const release = () => rmdirSync(lock)
  const interrupt = (signal) => {
    onInterrupt(signal)
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  await acquire(lock)
  const heartbeat = setInterval(() => utimesSync(lock, new Date(), new Date()), 1000)
  process.on('exit', release).on('SIGINT', interrupt).on('SIGTERM', interrupt)
  try {
    await installAndBuild()
  } finally {
    clearInterval(heartbeat)
    process.off('exit', release).off('SIGINT', interrupt).off('SIGTERM', interrupt)
    release()
  }
}

/** Two commands at once would install into one folder at once: the second waits for the first. */
async function acquire(lock) {
  mkdirSync(dirname(lock), { recursive: true })
  for (let waited = false; ; waited = true) {
    try {
      return mkdirSync(lock)
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (!waited) process.stderr.write('Waiting for another tapedeck that is installing or building…\n')
    try {
      if (Date.now() - statSync(lock).mtimeMs > LOCK_STALE_MS) rmdirSync(lock)
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS))
  }
}

async function main() {
  checkNode()
  if (existsSync(at('tsconfig.json'))) await prepare()
  if (process.argv[2] === '--prepare') return
  process.setSourceMapsEnabled(true)
  await import(pathToFileURL(at('dist/tapedeck.js')).href)
}

main().catch((error) => {
  if (!(error instanceof LaunchError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
})
