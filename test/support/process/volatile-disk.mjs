/**
 * A disk that keeps unsynced data apart, to be preloaded into a collector (`--import`). The real files are written
 * as ever; beside them it notes what a power cut may take. VOLATILE_DISK is JSON: `root`, the folder that it watches, `seed`, and
 *
 *   - `cutAtCall`, `image`: at that call the power fails. Into `image` goes what the disk may look like then, into `<image>.synced` what
 *     of it was promised, and the process is gone.
 *   - `failures`: so many syncs fail, and what they were to make durable is lost, as Linux drops pages that it could not write. How many
 *     have is written to `failed-syncs`.
 *
 * Promised are the bytes that were written before a sync began that has ended, and the names in a folder that were there before a
 * sync of the folder began. Any part of everything else may be on the disk: each name, each sector of each write, the new length or the old.
 */

import fs from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'

const SECTOR_BYTES = 512
/** Flags with which a file begins empty. */
const NEW_FILE = new Set(['w', 'w+', 'wx', 'wx+'])
const { root, seed, cutAtCall = Number.POSITIVE_INFINITY, image, failures = 0 } = JSON.parse(process.env.VOLATILE_DISK ?? '{}')

let state = seed >>> 0
/** Numbers from 0 up to 1, without 1; as in random.ts. */
function random() {
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

/** Files and folders by the path that they have now. A file has the bytes that are durable and the changes that are not. */
const nodes = new Map()
/** Changes of names, in order; without `from` a new name, without `to` one that is gone. `durable`: those of its folders that were synced since. */
const namings = []
let calls = 0
let failed = 0

const isWatched = (path) => !relative(root, path).startsWith('..')

function name(from, to, node) {
  const folders = new Set([from, to].filter((path) => path !== undefined).map((path) => dirname(path)))
  namings.push({ from, to, node, folders, durable: new Set() })
  if (from !== undefined) nodes.delete(from)
  if (to !== undefined) nodes.set(to, node)
}

function nodeOf(handle) {
  const path = fs.readlinkSync(`/proc/self/fd/${handle.fd}`)
  return path === root || nodes.has(path) ? { path, node: nodes.get(path) } : undefined
}

/** The power fails before the call or behind it. */
async function counted(call) {
  const isLast = ++calls === cutAtCall
  if (isLast && random() < 0.5) cutPower()
  const result = await call()
  if (isLast) cutPower()
  return result
}

function cutPower() {
  const isPromised = ({ folders, durable }) => [...folders].every((folder) => durable.has(folder))
  leave(`${image}.synced`, isPromised, ({ durable }) => durable)
  leave(image, (naming) => isPromised(naming) || random() < 0.5, contentsAfterCut)
  process.kill(process.pid, 'SIGKILL')
}

/** Writes into `folder` what is left of the disk. */
function leave(folder, isKept, contentsOf) {
  const names = new Map([[root, { isFolder: true }]])
  for (const { from, to, node } of namings.filter(isKept)) {
    // Nothing moves into a folder that is not there.
    if (to !== undefined && !names.has(dirname(to))) continue
    names.delete(from)
    if (to !== undefined) names.set(to, node)
  }
  for (const [path, node] of names) {
    const at = join(folder, relative(root, path))
    if (node.isFolder) fs.mkdirSync(at, { recursive: true })
    else fs.writeFileSync(at, contentsOf(node))
  }
}

function contentsAfterCut({ durable, pending }) {
  let bytes = Buffer.from(durable)
  const grow = (length) => {
    if (bytes.length < length) bytes = Buffer.concat([bytes, Buffer.alloc(length - bytes.length)])
  }
  for (const { length, offset, written } of pending) {
    if (length !== undefined) {
      if (random() < 0.5) bytes = bytes.subarray(0, length)
      continue
    }
    if (random() < 0.5) grow(offset + written.length)
    const chance = [0, 0.5, 0.9, 1][Math.floor(random() * 4)]
    for (const { from, to } of sectors(offset, written.length)) {
      if (random() >= chance) continue
      grow(offset + to)
      written.copy(bytes, offset + from, from, to)
    }
  }
  return bytes
}

/** The sectors of a file that a write reaches into, as parts of what is written. */
function sectors(offset, length) {
  const parts = []
  for (let from = 0, to = 0; from < length; from = to) {
    to = Math.min(length, from + SECTOR_BYTES - ((offset + from) % SECTOR_BYTES))
    parts.push({ from, to })
  }
  return parts
}

/** A sync fails, and the pages are gone. */
function loseUnsynced(fd, node) {
  fs.writeFileSync(join(root, 'failed-syncs'), String(++failed))
  for (const { offset, written } of node.pending.splice(0))
    for (const { from, to } of written ? sectors(offset, written.length) : [])
      if (random() < 0.5) fs.writeSync(fd, Buffer.alloc(to - from), 0, to - from, offset + from)
  throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' })
}

const probe = await promises.open(root, 'r')
const handles = Object.getPrototypeOf(probe)
await probe.close()
const { writev, write, truncate, datasync, sync } = handles
const { open, mkdir, rename, rm } = promises

/** Notes a change of a watched file that is durable with its next sync. */
function change(handle, changeOf, call) {
  const found = nodeOf(handle)
  if (!found) return call()
  found.node.pending.push(changeOf())
  return counted(call)
}

async function synced(handle, call) {
  const found = nodeOf(handle)
  if (!found) return call()
  const { path, node } = found
  if (path === root || node.isFolder) {
    const before = namings.filter(({ folders }) => folders.has(path))
    return counted(async () => {
      await call()
      for (const naming of before) naming.durable.add(path)
    })
  }
  if (failed < failures && node.durable.length > 0 && random() < 0.1) loseUnsynced(handle.fd, node)
  const before = node.pending.length
  return counted(async () => {
    await call()
    for (const { length, offset, written } of node.pending.splice(0, before)) {
      const end = length ?? Math.max(node.durable.length, offset + written.length)
      const bytes = Buffer.alloc(end)
      node.durable.copy(bytes)
      written?.copy(bytes, offset)
      node.durable = bytes
    }
  })
}

Object.assign(handles, {
  writev(buffers, offset) {
    return change(
      this,
      () => ({ offset, written: Buffer.concat(buffers) }),
      () => writev.call(this, buffers, offset),
    )
  },
  write(buffer, from, length, offset) {
    return change(
      this,
      () => ({ offset, written: Buffer.from(buffer.subarray(from, from + length)) }),
      () => write.call(this, buffer, from, length, offset),
    )
  },
  truncate(length) {
    return change(
      this,
      () => ({ length }),
      () => truncate.call(this, length),
    )
  },
  datasync() {
    return synced(this, () => datasync.call(this))
  },
  sync() {
    return synced(this, () => sync.call(this))
  },
})

Object.assign(promises, {
  async open(path, flags, ...rest) {
    const handle = await open(path, flags, ...rest)
    if (isWatched(resolve(path)) && NEW_FILE.has(flags)) name(undefined, resolve(path), { durable: Buffer.alloc(0), pending: [] })
    return handle
  },
  async mkdir(path, options) {
    const first = await mkdir(path, options)
    if (first !== undefined && isWatched(first)) name(undefined, resolve(path), { isFolder: true })
    return first
  },
  async rename(from, to) {
    await rename(from, to)
    if (isWatched(from)) name(resolve(from), resolve(to), nodes.get(resolve(from)))
  },
  async rm(path, options) {
    await rm(path, options)
    if (nodes.has(resolve(path))) name(resolve(path), undefined, undefined)
  },
})
syncBuiltinESMExports()
