/** The compose file as docker-compose reads it. Needs docker-compose (test/support/tools.ts), and no container runtime. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { packageRoot } from '../../../system/package-root.ts'
import { type Ended, Run } from '../process/command.ts'

export const COMPOSE = join(packageRoot(), 'compose')

/** What a user has to set; a test adds to it. Nothing of this machine's own settings gets in. */
export const REQUIRED = { TWS_USERID: 'trader', TRADING_MODE: 'paper', IB_PORT: '4004' }

export interface Service {
  image: string
  user?: string
  read_only?: boolean
  cap_drop?: string[]
  cap_add?: string[]
  security_opt?: string[]
  restart?: string
  mem_limit?: string
  pids_limit?: number
  healthcheck?: { test: string[] }
  environment?: Record<string, string>
  ports?: { host_ip?: string; published: string; target: number }[]
  volumes?: { type: string; source: string; target: string; read_only?: boolean }[]
  networks?: Record<string, unknown>
  command?: string[]
  secrets?: { source: string }[]
}

export interface Project {
  name: string
  services: Record<string, Service>
  secrets: Record<string, { file: string }>
}

/** Runs docker-compose on the compose file, with these variables and no `.env` of whoever develops. */
export function compose(program: string, args: readonly string[], env: NodeJS.ProcessEnv = REQUIRED): Promise<Ended> {
  const { PATH, HOME, DOCKER_HOST } = process.env
  const own = args.includes('--env-file') ? [] : ['--env-file', '/dev/null']
  return new Run([program, '--file', join(COMPOSE, 'compose.yaml'), ...own, ...args], { env: { PATH, HOME, DOCKER_HOST, ...env } }).ended
}

/** Throws with what docker-compose said when it does not accept the file. */
export async function readProject(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Project> {
  const { code, stdout, stderr } = await compose(program, [...args, 'config', '--format', 'json'], env)
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Project
}

/** Lines of a file of variables that set one. */
export const settingsOf = (file: string) =>
  readFileSync(join(COMPOSE, file), 'utf8')
    .split('\n')
    .flatMap((line) => /^(?:# )?([A-Z_]+)=/.exec(line)?.[1] ?? [])
