/** A real Prometheus with a configuration of the test's, on a free port and with a folder of its own. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished, vi } from 'vitest'
import { stringify } from 'yaml'

/** As Prometheus answers a question for an instant. */
export interface Sample {
  metric: Record<string, string>
  value: [number, string]
}

export interface Prometheus {
  url: string
  query: (promql: string) => Promise<Sample[]>
  /** Rules in force, with their state. */
  rules: () => Promise<{ name: string; type: string; health: string; lastError?: string }[]>
  /** Names of the metrics in an expression, as Prometheus itself reads it; needs Prometheus 3. */
  metricsIn: (promql: string) => Promise<Set<string>>
}

export interface PrometheusOptions {
  /** Of `findTool`. */
  program: string
  /** `host:port` of each job. */
  targets: Readonly<Record<string, readonly string[]>>
  /** Absolute paths. */
  ruleFiles?: readonly string[]
}

const PATIENCE = { timeout: 60_000, interval: 100 }

export async function startPrometheus({ program, targets, ruleFiles = [] }: PrometheusOptions): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'tapedeck-prometheus-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const port = await freePort()
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ruleFiles,
    scrape_configs: Object.entries({ prometheus: [`127.0.0.1:${port}`], ...targets }).map(([job_name, own]) => ({
      job_name,
      static_configs: [{ targets: own }],
    })),
  }
  await writeFile(join(folder, 'prometheus.yml'), stringify(config))
  const url = `http://127.0.0.1:${port}`
  await startServer(program, {
    args: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    readyUrl: `${url}/-/ready`,
  })
  const data = async <T>(path: string): Promise<T> => ((await (await fetch(`${url}/api/v1/${path}`)).json()) as { data: T }).data
  return {
    url,
    query: async (promql) => (await data<{ result: Sample[] }>(`query?query=${encodeURIComponent(promql)}`)).result,
    rules: async () => {
      const { groups } = await data<{ groups: { rules: Awaited<ReturnType<Prometheus['rules']>> }[] }>('rules')
      return groups.flatMap(({ rules }) => rules)
    },
    metricsIn: async (promql) => namesIn(await data(`parse_query?query=${encodeURIComponent(promql)}`)),
  }
}

/** Starts a program that serves HTTP and resolves when `readyUrl` answers 200. It is ended when the test is over. */
export async function startServer(
  program: string,
  { args, readyUrl, env }: { args: readonly string[]; readyUrl: string; env?: NodeJS.ProcessEnv },
): Promise<ChildProcess> {
  let said = ''
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } })
  child.stderr?.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4000)))
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'close')
  })
  await vi.waitFor(async () => {
    const answer = await fetch(readyUrl).catch(() => undefined)
    if (answer?.ok !== true) throw new Error(`${program} is not ready: ${said}`)
  }, PATIENCE)
  return child
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('There is no free port.')
  return address.port
}

/** Of a syntax tree in JSON. */
function namesIn(node: unknown): Set<string> {
  const names = new Set<string>()
  const visit = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return
    if ('type' in value && (value.type === 'vectorSelector' || value.type === 'matrixSelector') && 'name' in value)
      names.add(String(value.name))
    for (const child of Object.values(value)) visit(child)
  }
  visit(node)
  return names
}
