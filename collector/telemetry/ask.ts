/** Asks the collector that runs: finds it, and tells apart what can be in its place. */

import { get } from 'node:http'

import type { z } from 'zod'

import { FeedError } from '../../market/errors.ts'
import { findCollector, reachable } from './address.ts'
import { type Status, statusSchema } from './status.ts'

export interface AskOptions {
  dataDir: string
  /** Of the settings; undefined: off. */
  metrics?: { host: string; port: number } | undefined
}

const ANSWER_LIMIT_MS = 5000

/** One of its pages. */
interface Page<T> {
  path: string
  schema: z.ZodType<T>
}

/** Throws a FeedError when none runs, when it does not answer, or when something else does. */
export function askStatus(options: AskOptions): Promise<Status> {
  return askCollector(options, { path: '/status', schema: statusSchema })
}

/** Asks for a page. Throws as `askStatus` does. */
export async function askCollector<T>({ dataDir, metrics }: AskOptions, { path, schema }: Page<T>): Promise<T> {
  const running = await findCollector(dataDir)
  if (running && !running.address)
    throw new FeedError(
      `Process ${running.pid} records into ${dataDir} since ${running.since} and cannot be asked: it serves no metrics, or has only just ` +
        'begun. Try again; if it was started with metrics off, start it with a port (metrics.port, --metrics-port).',
      { code: 'status-not-served' },
    )
  // Another data directory's, or another machine's, may answer where the settings say.
  const address = running?.address ?? (metrics && metrics.port > 0 ? reachable(metrics) : undefined)
  const none = `No collector is running on ${dataDir}`
  const start = 'Start one with `tapedeck collect`, or name the settings it runs with (--config, --data-dir).'
  if (!address) throw new FeedError(`${none}. ${start}`, { code: 'status-no-collector' })
  const { host, port } = address
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const noStatus = running
    ? `The collector of ${dataDir} (process ${running.pid}) gives no status on ${place}`
    : `${none}, and what answers on ${place} gives no status of one`
  let response: { status: number | undefined; text: string }
  try {
    response = await fetched({ host, port, path })
  } catch (cause) {
    const fault = faultOf(cause)
    if (!running && fault === 'ECONNREFUSED')
      throw new FeedError(`${none}, and nothing listens on ${place}. ${start}`, { code: 'status-no-collector', cause })
    const todo = running
      ? 'It is starting, stopping or stuck: look at its log.'
      : `It is another program: set metrics.port to another one. ${start}`
    throw new FeedError(`${noStatus}: ${fault}. ${todo}`, { code: 'status-no-answer', cause })
  }
  const page = schema.safeParse(jsonOf(response.text))
  if (page.success) return page.data
  throw new FeedError(
    `${noStatus} that this version of tapedeck understands (HTTP ${response.status}). Is it another version, or another program? ` +
      'Use the same version for both; give each program a port of its own (metrics.port).',
    { code: 'status-foreign' },
  )
}

/** `fetch` refuses some ports whatever listens there (6000, 10080, …). */
function fetched(address: { host: string; port: number; path: string }): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS)
    const request = get({ ...address, signal }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (text += part)).on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    request.on('error', reject)
  })
}

function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'AbortError') return `no answer within ${ANSWER_LIMIT_MS / 1000} s`
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
