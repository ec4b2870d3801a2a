/** Names in the journal's folder. Released segments move to `released/` and are deleted after some days. */

import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const SEGMENT = /^(\d+)-(\d{6,})\.tape$/
const RELEASED = 'released'
const DAY_MS = 86_400_000

export interface SegmentFile {
  path: string
  sessionId: number
  segment: number
}

export function segmentName(sessionId: number, segment: number): string {
  return `${sessionId}-${String(segment).padStart(6, '0')}.tape`
}

/** Makes the folder where it is missing, in a way that a power cut does not undo: its name and those above it are on disk. */
export async function makeFolder(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (let path = directory; path !== dirname(path); path = dirname(path))
    await syncFolder(dirname(path)).catch((error: NodeJS.ErrnoException) => {
      // One that we may not open was not made by us.
      if (error.code !== 'EACCES') throw error
    })
}

/** Makes the names in the folder durable. */
export async function syncFolder(directory: string): Promise<void> {
  const folder = await open(directory, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Segments that are not released, by session and number. */
export async function listSegments(directory: string): Promise<SegmentFile[]> {
  await makeFolder(directory)
  const found: SegmentFile[] = []
  for (const name of await readdir(directory)) {
    const match = SEGMENT.exec(name)
    if (match) found.push({ path: join(directory, name), sessionId: Number(match[1]), segment: Number(match[2]) })
  }
  return found.sort((a, b) => a.sessionId - b.sessionId || a.segment - b.segment)
}

/** Puts a segment away: everything in it is in the database. */
export async function releaseSegment(directory: string, path: string): Promise<void> {
  await mkdir(join(directory, RELEASED), { recursive: true })
  await rename(path, join(directory, RELEASED, basename(path)))
}

/** Deletes the oldest released segment, to make room. Returns 0 when there is none. */
export async function pruneOldest(directory: string): Promise<number> {
  const folder = join(directory, RELEASED)
  const [oldest] = (await readdir(folder).catch(() => [])).filter((name) => SEGMENT.test(name)).sort()
  if (oldest === undefined) return 0
  await rm(join(folder, oldest))
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
