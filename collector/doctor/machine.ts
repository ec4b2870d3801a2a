/** What the doctor asks of this machine: its Node.js, and the folder that is to hold the tape. */

import { constants } from 'node:fs'
import { access, open, stat, statfs, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { lockHolder } from '../../system/directory-lock.ts'
import { collectorLock } from '../telemetry/address.ts'
import { type Finding, messageOf } from './finding.ts'

const NEEDED_NODE = [20, 19]
const SYNCS = 20
const SYNC_BYTES = 4096

export function checkNode(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [neededMajor = 0, neededMinor = 0] = NEEDED_NODE
  const found = `${version} on ${process.platform}-${process.arch}`
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return { check: 'Node.js', state: 'ok', found }
  return { check: 'Node.js', state: 'failed', found, todo: `install Node.js ${NEEDED_NODE.join('.')} or newer` }
}

export interface DirectoryNeeds {
  dataDir: string
  /** Bytes that the journal may take, and bytes that it leaves free for others. */
  limitBytes: number
  minFreeBytes: number
  fsyncMs: number
}

/** Space, rights, and how long the disk takes to make something durable. */
export async function checkDirectory({ dataDir, limitBytes, minFreeBytes, fsyncMs }: DirectoryNeeds): Promise<Finding> {
  const check = 'data directory'
  let folder = dataDir
  while (!(await isThere(folder)) && folder !== dirname(folder)) folder = dirname(folder)
  const place = folder === dataDir ? dataDir : `${dataDir}, which does not exist yet and will be made in ${folder}`
  let syncMs: number
  let freeBytes: number
  try {
    if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is not a folder`)
    await access(folder, constants.W_OK | constants.X_OK)
    const { bavail, bsize } = await statfs(folder)
    freeBytes = bavail * bsize
    syncMs = await medianSyncMs(folder)
  } catch (error) {
    const todo = 'make it writable for this user, free its disk, or choose another (dataDir, --data-dir)'
    return { check, state: 'failed', found: `${place}: ${messageOf(error)}`, todo }
  }
  const found = `${place}: ${gigabytes(freeBytes)} free, a write is durable in ${syncMs.toFixed(1)} ms`
  if (freeBytes < minFreeBytes)
    return {
      check,
      state: 'failed',
      found,
      todo: `free the disk: the journal leaves ${gigabytes(minFreeBytes)} to others (journal.minFreeBytes)`,
    }
  if (freeBytes < minFreeBytes + limitBytes)
    return {
      check,
      state: 'warning',
      found,
      todo: `if the database is away for long, the disk is full before the journal's limit of ${gigabytes(limitBytes)} (journal.limitBytes) is`,
    }
  if (syncMs > fsyncMs)
    return {
      check,
      state: 'warning',
      found,
      todo: `the disk is slower than journal.fsyncMs (${fsyncMs} ms) asks for: use a local, faster one`,
    }
  return { check, state: 'ok', found }
}

/** Checks whether a collector is recording into the folder. */
export async function checkLock(dataDir: string): Promise<Finding & { isRunning: boolean }> {
  const check = 'collector'
  const holder = await lockHolder(collectorLock(dataDir)).catch((error: unknown) => messageOf(error))
  if (typeof holder === 'string') return { check, isRunning: false, state: 'failed', found: holder, todo: 'move it away' }
  if (!holder) return { check, isRunning: false, state: 'ok', found: 'none is running here' }
  if (!holder.stale) return { check, isRunning: true, state: 'ok', found: `process ${holder.pid} has been recording since ${holder.since}` }
  const found = `process ${holder.pid} was killed while it recorded; the next start records the gap and writes what is left in the journal`
  return { check, isRunning: false, state: 'warning', found, todo: 'start it again with `tapedeck collect`' }
}

/** Writes into a file that has no name any more, so that nothing stays behind whatever happens. */
async function medianSyncMs(folder: string): Promise<number> {
  const path = join(folder, `.tapedeck-doctor-${process.pid}`)
  const file = await open(path, 'wx')
  try {
    await unlink(path)
    const bytes = new Uint8Array(SYNC_BYTES)
    const tookMs: number[] = []
    for (let i = 0; i < SYNCS; i++) {
      const startedMs = performance.now()
      await file.write(bytes, 0, SYNC_BYTES, i * SYNC_BYTES)
      await file.datasync()
      tookMs.push(performance.now() - startedMs)
    }
    return tookMs.sort((a, b) => a - b)[SYNCS / 2] ?? 0
  } finally {
    await file.close()
  }
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
