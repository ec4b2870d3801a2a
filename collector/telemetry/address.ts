/**
 * Where a running collector answers, told in a small file beside its lock, because the port may be any free one or another than
 * the settings say. The file counts only while the process that wrote it holds the lock: what a killed one left says nothing.
 */

import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { z } from 'zod'

import { type Holder, lockHolder } from '../../system/directory-lock.ts'

const addressSchema = z.object({ pid: z.int(), host: z.string(), port: z.int() })

export interface RunningCollector extends Holder {
  /** Absent: it answers nowhere, or not yet. */
  address?: { host: string; port: number }
}

export const collectorLock = (dataDir: string): string => join(dataDir, 'collector.lock')
const addressFile = (dataDir: string) => join(dataDir, 'collector.address')

/** To be called by who holds the lock. Returns what withdraws it. */
export async function announceAddress(dataDir: string, { host, port }: { host: string; port: number }): Promise<() => Promise<void>> {
  await writeFile(addressFile(dataDir), JSON.stringify({ pid: process.pid, host, port }))
  return () => rm(addressFile(dataDir), { force: true })
}

/** The collector that records into `dataDir` now. */
export async function findCollector(dataDir: string): Promise<RunningCollector | undefined> {
  const holder = await lockHolder(collectorLock(dataDir))
  if (!holder || holder.stale) return undefined
  const text = await readFile(addressFile(dataDir), 'utf8').catch(() => '')
  const told = addressSchema.safeParse(parsed(text)).data
  return told?.pid === holder.pid ? { ...holder, address: reachable(told) } : holder
}

/** An address that listens everywhere is asked for on this machine. */
export function reachable({ host, port }: { host: string; port: number }): { host: string; port: number } {
  return { host: { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host, port }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
