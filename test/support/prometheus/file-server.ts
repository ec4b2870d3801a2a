/** A real Prometheus that lives as long as the tests of a file, and answers for ranges of time: prometheus.ts has one for a single test. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { vi } from 'vitest'

import { freePort } from './prometheus.ts'

/** How long a server may take to come up on a busy machine. */
const PATIENCE = { timeout: 60_000, interval: 100 }

export interface PrometheusSeries {
  metric: Record<string, string>
  /** Seconds since 1970, and the value as text. One sample is `value`, several are `values`. */
  value?: [number, string]
  values?: [number, string][]
}

export interface PrometheusServer {
  url: string
  query: (expr: string, atSeconds: number) => Promise<PrometheusSeries[]>
  queryRange: (expr: string, range: { from: number; to: number; step: number }) => Promise<PrometheusSeries[]>
  stop: () => Promise<void>
}

/**
 * Starts the program on a folder of its own.
 *
 * @param config the whole of prometheus.yml
 */
export async function startPrometheus(program: string, config: string): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-prometheus-'))
  const file = join(folder, 'prometheus.yml')
  await writeFile(file, config)
  const port = await freePort()
  const flags = [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`]
  const child = spawn(program, flags, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)))
  const url = `http://127.0.0.1:${port}`
  const stop = async () => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await vi.waitFor(async () => {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`)
      if (!(await fetch(`${url}/-/ready`)).ok) throw new Error(`${program} is not ready`)
    }, PATIENCE)
  } catch (cause) {
    await stop()
    throw new Error(`expected ${program} to come up, it said: ${said}`, { cause })
  }
  return {
    url,
    query: (query, time) => ask(url, 'query', { query, time: String(time) }),
    queryRange: (query, { from, to, step }) => ask(url, 'query_range', { query, start: String(from), end: String(to), step: String(step) }),
    stop,
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function ask(url: string, path: string, parameters: Record<string, string>): Promise<PrometheusSeries[]> {
  const response = await fetch(`${url}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) })
  const answer = (await response.json()) as { status: string; error?: string; data?: { result: PrometheusSeries[] } }
  if (answer.status !== 'success' || answer.data === undefined) throw new Error(`${parameters['query']}: ${answer.error}`)
  return answer.data.result
}
