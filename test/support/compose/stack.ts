/** The stack of compose/compose.yaml on podman: its image, its containers, and their health checks, which nothing else would run here. */

import { spawnSync } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { packageRoot } from '../../../system/package-root.ts'
import { type Ended, type Place, Run } from '../process/command.ts'
import { findTool, noTool } from '../tools.ts'
import { COMPOSE, REQUIRED } from './compose.ts'

const SUPPORT = join(packageRoot(), 'test', 'support', 'compose')
const PROJECT = 'tapedeck-test'
export const IMAGE = 'localhost/tapedeck:test'
const PASSWORDS = ['database-password', 'collector-password', 'dashboards-password', 'exporter-password', 'grafana-password']
/** Stay, of those that are started. Grafana's image cannot be made from what is at hand. */
export const SERVICES = ['timescaledb', 'demo-gateway', 'demo-collector', 'prometheus', 'alertmanager', 'postgres-exporter', 'receiver']

/**
 * Why the stack cannot run here; undefined when it can.
 *
 * @throws Error when it cannot and TAPEDECK_REQUIRE_CONTAINER=1
 */
export async function missingForStack(): Promise<string | undefined> {
  const reason = findTool('bin/docker-compose') === undefined ? noTool('bin/docker-compose') : await missingImages()
  if (reason !== undefined && process.env['TAPEDECK_REQUIRE_CONTAINER'] === '1') throw new Error(reason)
  return reason
}

async function missingImages(): Promise<string | undefined> {
  const socket = process.env['DOCKER_HOST']
  if (!socket?.startsWith('unix://')) return 'no podman: DOCKER_HOST does not name its socket (unix://…)'
  const base = /^ARG NODE_IMAGE=(.*)$/m.exec(await readFile(join(COMPOSE, 'Dockerfile'), 'utf8'))?.[1] ?? ''
  const { error, status } = spawnSync('podman', ['image', 'exists', base])
  if (error) return `no podman: ${error.message}`
  return status === 0
    ? undefined
    : `no image ${base} in podman: make the stand-ins with 'bash test/support/compose/stand-in-images.sh NODE'`
}

export class Stack {
  /** By the name of their secret. */
  readonly passwords = Object.fromEntries(PASSWORDS.map((name) => [name, randomBytes(16).toString('hex')]))
  readonly #place: Place
  readonly #over = new AbortController()
  #healthChecks: Promise<void> | undefined

  private constructor(place: Place) {
    this.#place = place
  }

  /** Writes secrets and settings into the folder of the place. Starts nothing. */
  static async create(place: Place): Promise<Stack> {
    const stack = new Stack(place)
    const secrets = join(place.folder, 'secrets')
    await mkdir(secrets)
    for (const [name, password] of Object.entries(stack.passwords)) await writeFile(join(secrets, name), password)
    await writeQuickAlerts(join(place.folder, 'prometheus'))
    // What a run that was killed left behind.
    await stack.compose('down', '--volumes', '--timeout', '0')
    return stack
  }

  /**
   * Builds the image as the guide says. npm gets the settings of this machine's npm as a secret, and reads what it has downloaded before.
   * @param marker must not be found in the image
   */
  async build(marker: string): Promise<Ended> {
    const npmrc = join(this.#place.folder, 'npmrc')
    const configured = (name: string) => spawnSync('npm', ['config', 'get', name], { encoding: 'utf8' }).stdout.trim()
    const files = await Promise.all(['globalconfig', 'userconfig'].map((name) => readFile(configured(name), 'utf8').catch(() => '')))
    await writeFile(npmrc, [...files, 'prefer-offline=true', 'cache=/npm-cache', `init-author-name=${marker}`].join('\n'))
    const certificates = configured('cafile')
    const mounts = [`${configured('cache')}:/npm-cache:O`, ...(certificates.startsWith('/') ? [`${certificates}:${certificates}:ro`] : [])]
    const options = ['--format', 'docker', '--network', 'host', '--layers=false', ...mounts.flatMap((mount) => ['--volume', mount])]
    const what = ['--secret', `id=npmrc,src=${npmrc}`, '--file', join(COMPOSE, 'Dockerfile'), '--tag', IMAGE, packageRoot()]
    return this.podman('build', ...options, ...what)
  }

  podman(...args: string[]): Promise<Ended> {
    return new Run(['podman', ...args], {}).ended
  }

  compose(...args: string[]): Promise<Ended> {
    const { PATH, HOME, DOCKER_HOST } = process.env
    const { folder } = this.#place
    const env = {
      PATH,
      HOME,
      DOCKER_HOST,
      ...REQUIRED,
      COMPOSE_PROJECT_NAME: PROJECT,
      COMPOSE_PROFILES: 'demo',
      DEMO_SPEED: 'max',
      SETTINGS: 'demo.yaml',
      TAPEDECK_IMAGE: IMAGE,
      SECRETS: join(folder, 'secrets'),
      TEST_PROMETHEUS: join(folder, 'prometheus'),
      TEST_RECEIVER: SUPPORT,
    }
    const files = ['--file', join(COMPOSE, 'compose.yaml'), '--file', join(SUPPORT, 'stack.yaml'), '--env-file', '/dev/null']
    return new Run([findTool('bin/docker-compose') ?? '', ...files, ...args], { env }).ended
  }

  /** Starts what can run here, and waits until all of it is healthy. */
  async up(): Promise<Ended> {
    this.#healthChecks ??= this.#runHealthChecks()
    return this.compose('up', '--detach', '--no-build', '--pull', 'never', '--wait', '--wait-timeout', '300', ...SERVICES)
  }

  /** What a command in the container of a service printed. */
  async exec(service: string, ...command: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.compose('exec', '--no-TTY', service, ...command)
    if (code !== 0) throw new Error(stderr)
    return stdout
  }

  async query(sql: string): Promise<string> {
    return (await this.exec('timescaledb', 'psql', '--username=tapedeck', '--no-align', '--tuples-only', `--command=${sql}`)).trim()
  }

  /** Whether some text has one of the passwords. */
  reveals(text: string): boolean {
    return Object.values(this.passwords).some((password) => text.includes(password))
  }

  async logs(service: string): Promise<string> {
    return (await this.compose('logs', '--no-log-prefix', '--no-color', service)).stdout
  }

  /** The answer of a service on its published port. */
  async get(service: string, port: number, path: string): Promise<Response> {
    const { stdout } = await this.compose('port', service, String(port))
    if (!stdout.startsWith('127.0.0.1:')) throw new Error(`expected ${service} on 127.0.0.1, found ${stdout}`)
    return fetch(`http://${stdout.trim()}${path}`)
  }

  /** Those that run. */
  containers(): Promise<Ended> {
    return this.podman('ps', '--quiet', '--filter', `label=com.docker.compose.project=${PROJECT}`)
  }

  async close(): Promise<void> {
    this.#over.abort()
    await this.#healthChecks
    await this.compose('down', '--volumes', '--timeout', '0')
    await this.podman('rmi', '--force', IMAGE)
  }

  /** Podman leaves that to systemd, which may not be there. */
  async #runHealthChecks(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const ids = (await this.containers()).stdout.split('\n').filter((id) => id !== '')
      await Promise.all(ids.map((id) => this.podman('healthcheck', 'run', id)))
      await sleep(1000, undefined, { signal: this.#over.signal }).catch(() => undefined)
    }
  }
}

/** The shipped settings of Prometheus and Alertmanager, which tell the receiver, and wait for nothing. */
async function writeQuickAlerts(folder: string): Promise<void> {
  await cp(join(COMPOSE, 'prometheus'), folder, { recursive: true })
  await edit(join(folder, 'rules', 'alerts.yml'), [[/^( +)for: .*/gm, '$1for: 1s']])
  await edit(join(folder, 'prometheus.yml'), [
    [/^( +(?:scrape|evaluation|refresh)_interval): .*/gm, '$1: 1s'],
    [/^( +scrape_timeout): .*/gm, '$1: 1s'],
  ])
  await edit(join(folder, 'alertmanager.yml'), [
    [/^( +receiver): nobody/gm, '$1: webhook'],
    [/url_file: \S+webhook\S+/g, 'url: http://receiver:8080/alerts'],
    [/^( +group_(?:wait|interval)): .*/gm, '$1: 1s'],
  ])
}

/** Throws when there is nothing to change: the file is another one than was thought. */
async function edit(file: string, changes: [RegExp, string][]): Promise<void> {
  let text = await readFile(file, 'utf8')
  for (const [from, to] of changes) {
    const changed = text.replaceAll(from, to)
    if (changed === text) throw new Error(`expected ${from} in ${file}, found none`)
    text = changed
  }
  await writeFile(file, text)
}
