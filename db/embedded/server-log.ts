/** The file that the server writes to: bounded at every start, and quoted when a start fails. */

import { type FileHandle, open, rename, stat } from 'node:fs/promises'

const MAX_LOG_BYTES = 10 * 1024 * 1024
const TAIL_BYTES = 4096

/** Opens the log for a server that is about to start; one that has grown large becomes `<path>.1`, replacing the one before. */
export async function openLog(path: string): Promise<{ handle: FileHandle; startBytes: number }> {
  const size = await sizeOf(path)
  if (size > MAX_LOG_BYTES) await rename(path, `${path}.1`)
  return { handle: await open(path, 'a', 0o600), startBytes: await sizeOf(path) }
}

/** The end of what was written after `startBytes`. */
export async function logTail(path: string, startBytes = 0): Promise<string> {
  const handle = await open(path).catch(() => undefined)
  if (handle === undefined) return ''
  try {
    const { size } = await handle.stat()
    const from = Math.max(startBytes, size - TAIL_BYTES)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.max(0, size - from)), 0, Math.max(0, size - from), from)
    return buffer.toString('utf8', 0, bytesRead).trim()
  } finally {
    await handle.close()
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}
