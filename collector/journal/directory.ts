/**
 * Names in the journal's folder. Released segments move to `released/` and are deleted after some days; damaged ones, and files that are
 * no segments of ours, move to `damaged/` and are kept.
 */

import { lstat, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'

import { makeFolder, syncFolder } from '../../system/durable-files.ts'

const SEGMENT = /^(\d+)-(\d{6,})\.tape$/
const RELEASED = 'released'
const DAMAGED = 'damaged'
const DAY_MS = 86_400_000
/** Ids rise from the greatest that is known: a foreign file must not use them up. */
const MAX_SESSION_ID = Number.MAX_SAFE_INTEGER - 2 ** 32

export interface SegmentFile {
  path: string
  sessionId: number
  segment: number
}

export function segmentName(sessionId: number, segment: number): string {
  return `${sessionId}-${String(segment).padStart(6, '0')}.tape`
}

/** Segments that are not released, by session and number. */
export async function listSegments(directory: string): Promise<SegmentFile[]> {
  await makeFolder(directory)
  return segmentsIn(directory)
}

async function segmentsIn(directory: string): Promise<SegmentFile[]> {
  const found: SegmentFile[] = []
  for (const name of await readdir(directory)) {
    const match = SEGMENT.exec(name)
    if (match) found.push({ path: join(directory, name), sessionId: Number(match[1]), segment: Number(match[2]) })
  }
  return found.sort((a, b) => a.sessionId - b.sessionId || a.segment - b.segment)
}

/** Every segment that is still on disk whole, put away or not, by session and number. */
export async function segmentsOnDisk(directory: string): Promise<(SegmentFile & { isReleased: boolean })[]> {
  const found: (SegmentFile & { isReleased: boolean })[] = []
  // Those in use first: one that is put away meanwhile is found in its new place too, and the older finding counts.
  for (const [folder, isReleased] of [[directory, false] as const, [join(directory, RELEASED), true] as const])
    for (const file of await segmentsIn(folder).catch(() => []))
      if (!found.some(({ path }) => basename(path) === basename(file.path))) found.push({ ...file, isReleased })
  return found.sort((a, b) => a.sessionId - b.sessionId || a.segment - b.segment)
}

/** Where a segment is when it was put away since it was found. */
export function releasedPath(directory: string, path: string): string {
  return join(directory, RELEASED, basename(path))
}

/** The greatest session id that a file of the journal carries, released and damaged ones too; 0 without any. */
export async function lastSessionId(directory: string): Promise<number> {
  let last = 0
  for (const folder of [directory, join(directory, RELEASED), join(directory, DAMAGED)])
    for (const { sessionId } of await segmentsIn(folder).catch(() => [])) if (sessionId <= MAX_SESSION_ID) last = Math.max(last, sessionId)
  return last
}

/**
 * Moves a segment to the released ones. One that has disappeared needs no putting away. Durable, so that after a power cut no older one
 * is back whose successors are gone: that would look like a loss between them.
 */
export async function releaseSegment(directory: string, path: string): Promise<void> {
  const released = join(directory, RELEASED)
  if ((await mkdir(released, { recursive: true })) !== undefined) await syncFolder(directory)
  await rename(path, join(released, basename(path))).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' || (await exists(path))) throw error
  })
  await syncFolder(released)
  await syncFolder(directory)
}

/** Puts a segment away whose rows are in the database, as far as it could be read. */
export async function putAway(directory: string, { path, damage }: { path: string; damage?: string }): Promise<void> {
  if (damage === undefined) await releaseSegment(directory, path)
  else await setAside(directory, path)
}

/** Sets a damaged segment, or what is none, aside for people to look at. Returns where it is now. */
export async function setAside(directory: string, path: string): Promise<string> {
  const folder = join(directory, DAMAGED)
  await mkdir(folder, { recursive: true })
  let target = join(folder, basename(path))
  for (let n = 2; await exists(target); n++) target = join(folder, `${basename(path)}.${n}`)
  await rename(path, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  return target
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

/** Deletes the oldest released segment, to make room. Returns 0 when there is none. */
export async function pruneOldest(directory: string): Promise<number> {
  const [oldest] = await segmentsIn(join(directory, RELEASED)).catch(() => [])
  if (oldest === undefined) return 0
  await rm(oldest.path)
  return 1
}

/** Deletes released segments that were last written more than `keepDays` days ago. Returns their number. */
export async function pruneReleased(directory: string, keepDays: number, nowMs: number): Promise<number> {
  const folder = join(directory, RELEASED)
  let deleted = 0
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name)
    if (!SEGMENT.test(name) || nowMs - (await stat(path)).mtimeMs < keepDays * DAY_MS) continue
    await rm(path)
    deleted++
  }
  return deleted
}
