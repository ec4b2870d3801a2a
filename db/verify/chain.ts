/**
 * The chain over the batches of a session: each batch is chained with SHA-256 over the chain of the batch before it, its number and the
 * checksum of its content. The chain of the last batch so stands for the session: whoever has noted it down can tell later whether a row,
 * or a batch, has changed since.
 */

import { createHash } from 'node:crypto'

/** What the first batch of a session is chained to; also one behind a batch that has no chain. */
export function chainStart(sessionId: number): Buffer {
  return createHash('sha256').update(`tapedeck session ${sessionId}`).digest()
}

/** The chain of a batch. */
export function chained(before: Uint8Array, batchNo: number, content: Uint8Array): Buffer {
  return createHash('sha256').update(before).update(`batch ${batchNo} `).update(content).digest()
}

/** How people note down what a session is chained to so far: `120-3f5a…`, the number of a batch and its chain. */
export function sessionHash(batchNo: number, chain: Uint8Array): string {
  return `${batchNo}-${Buffer.from(chain).toString('hex')}`
}

/** The reverse; undefined for what is none. */
export function parseSessionHash(text: string): { batchNo: number; chain: string } | undefined {
  const match = /^(\d{1,15})-([0-9a-f]{64})$/i.exec(text.trim())
  return match ? { batchNo: Number(match[1]), chain: (match[2] ?? '').toLowerCase() } : undefined
}
