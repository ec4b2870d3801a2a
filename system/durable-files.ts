/** Files and folders that survive a power cut: what is written here is on the disk, names included, when the call returns. */

import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes the folder where it is missing, in a way that a power cut does not undo: its name and those above it are on disk. */
export async function makeFolder(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (let path = directory; path !== dirname(path); path = dirname(path))
    await syncFolder(dirname(path)).catch((error: NodeJS.ErrnoException) => {
      // A folder that we may not open was not made by us.
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

/** Whether there is no room on the disk, or no more of it for this user. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}

/** Replaces the file in one step: after a crash it holds either what it held before or all of `text`. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const partial = `${path}.partial`
  try {
    const file = await open(partial, 'w')
    try {
      await writeFully(file, [Buffer.from(text)], 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined)
    throw error
  }
  await syncFolder(dirname(path))
}

/** Writes all buffers one after the other from `offset` on; returns the number of bytes. */
export async function writeFully(file: FileHandle, buffers: readonly Buffer[], offset: number): Promise<number> {
  const total = buffers.reduce((sum, { length }) => sum + length, 0)
  let { bytesWritten } = await file.writev(buffers, offset)
  if (bytesWritten < total) {
    // A disk filling up writes short first; going on finishes it or brings the error.
    const all = Buffer.concat(buffers)
    while (bytesWritten < total)
      bytesWritten += (await file.write(all, bytesWritten, total - bytesWritten, offset + bytesWritten)).bytesWritten
  }
  return total
}
