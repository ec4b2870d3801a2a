/**
 * A recording in which every process can be killed: a gateway that plays a tape, a collector, and a private database, each a process of its
 * own, with a proxy on both connections of the collector.
 */

import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, onTestFinished, vi } from 'vitest'

import type { Part } from '../../../backtester/demo/part.ts'
import { journalOnDisk } from '../../../collector/journal/on-disk.ts'
import { packagedBinaries } from '../../../db/embedded/binaries.ts'
import { clusterPaths } from '../../../db/embedded/cluster.ts'
import { readPostmaster } from '../../../db/embedded/postmaster.ts'
import { type EmbeddedServer, startEmbedded } from '../../../db/embedded/server.ts'
import type { SessionProof } from '../../../db/verify/problems.ts'
import { verifySessions } from '../../../db/verify/verify.ts'
import { type PostgresProxy, startPostgresProxy } from '../database/tcp-proxy.ts'
import { type GatewayProxy, startGatewayProxy } from '../gateway/gateway-proxy.ts'
import { ask } from '../process/collecting.ts'
import { newPlace } from '../process/command.ts'
import { type CollectTotals, startCollector, startGatewayProcess, TICK_BY_TICK_LINES } from '../process/recording.ts'

export interface RigOptions {
  tape: string
  /** Market-data lines of the tape. */
  lines: number
}

/** The gateway is asked for at most four times in a minute, and a busy machine is slow. */
const LONG_PATIENCE = { timeout: 180_000, interval: 100 }
const SLOW_DISK = new URL('../process/slow-disk.mjs', import.meta.url).href
const SILENT = { info: () => undefined, warn: () => undefined }
/** So that a disaster meets many batches and segments, and a database that is away fills the journal. */
const SETTINGS = [
  'database: { batchRows: 200, batchMs: 50 }',
  'journal: { fsyncMs: 10, segmentBytes: 64KiB, limitBytes: 1MiB, minFreeBytes: 0B }',
]

export class ChaosRig {
  readonly server: EmbeddedServer
  readonly database: PostgresProxy
  readonly link: GatewayProxy
  readonly dataDir: string
  readonly #options: RigOptions
  readonly #gatewayPort: number
  readonly #clusterDir: string
  #gateway: Part
  #collector: Part | undefined

  private constructor(
    options: RigOptions,
    parts: Pick<ChaosRig, 'server' | 'database' | 'link' | 'dataDir'>,
    rest: { gateway: Part; gatewayPort: number; clusterDir: string },
  ) {
    this.#options = options
    this.server = parts.server
    this.database = parts.database
    this.link = parts.link
    this.dataDir = parts.dataDir
    this.#gateway = rest.gateway
    this.#gatewayPort = rest.gatewayPort
    this.#clusterDir = rest.clusterDir
  }

  /** Everything is stopped and removed when the test is over. */
  static async start(options: RigOptions): Promise<ChaosRig> {
    const [place, own] = [await newPlace(), await newPlace()]
    onTestFinished(async () => {
      await place.remove()
      await own.remove()
    })
    const server = await startEmbedded({ dataDir: place.dataDir, logger: SILENT, find: () => packagedBinaries() })
    onTestFinished(() => server.close())
    const database = await startPostgresProxy(server.url)
    onTestFinished(() => database.close())
    const gateway = gatewayProcess(options, 0)
    const { port: gatewayPort } = await gateway.event<{ port: number }>('listening')
    const link = await startGatewayProxy(gatewayPort)
    onTestFinished(() => link.close())
    await writeFile(join(own.folder, 'chaos.yaml'), SETTINGS.join('\n'))
    const parts = { server, database, link, dataDir: own.folder }
    const rig = new ChaosRig(options, parts, { gateway, gatewayPort, clusterDir: clusterPaths(place.dataDir).data })
    onTestFinished(() => rig.#killAll())
    rig.startCollector()
    return rig
  }

  startCollector(): void {
    const { dataDir } = this
    this.#collector = startCollector({
      port: this.link.port,
      dataDir,
      databaseUrl: this.database.url(this.server.url),
      symbol: 'TWX',
      env: {
        TAPEDECK_CONFIG: join(dataDir, 'chaos.yaml'),
        NODE_OPTIONS: `--import=${SLOW_DISK}`,
        SLOW_DISK: JSON.stringify({ flag: this.slowDiskFlag, longestMs: 400 }),
      },
    })
  }

  /** While this file is there, the journal's disk is slow. */
  get slowDiskFlag(): string {
    return join(this.dataDir, 'slow-disk')
  }

  async killCollector(): Promise<void> {
    this.#collector?.kill('SIGKILL')
    await this.#collector?.exited
  }

  /** The tape begins anew, so that the gateway's clock goes back. */
  async restartGateway(): Promise<void> {
    this.#gateway.kill('SIGKILL')
    await this.#gateway.exited
    this.#gateway = gatewayProcess(this.#options, this.#gatewayPort)
    await this.#gateway.event('listening')
  }

  async killPostmaster(): Promise<void> {
    const postmaster = await readPostmaster(this.#clusterDir)
    process.kill(postmaster?.pid ?? expect.unreachable('no postmaster runs'), 'SIGKILL')
    this.database.cut()
    await this.server.ensureRunning()
    this.database.resume()
  }

  /** The backend whose transaction has been open for longest, or any when none has one. */
  async killBackend(): Promise<void> {
    const [backend] = await this.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
       ORDER BY xact_start NULLS LAST LIMIT 1`,
    )
    if (!backend) return
    process.kill(backend.pid, 'SIGKILL')
    // The whole server starts anew behind a backend that was killed.
    await this.server.ensureRunning()
  }

  query<T extends object>(sql: string): Promise<T[]> {
    return ask<T>(this.server.url, sql)
  }

  /** Waits until batches of ticks are committed that were not there before this was called. */
  async recordsOn(): Promise<void> {
    const newest = async () => {
      const counting = this.query<{ batches: number }>('SELECT count(*)::int AS batches FROM batches WHERE first_ts IS NOT NULL')
      const [counted] = await counting.catch(() => [])
      return counted?.batches ?? 0
    }
    const before = await newest()
    await this.#until('new batches are committed', async () => (await newest()) > before + 3)
  }

  /** Waits until the journal has a file for each of so many bytes, which it fills while the database is away. */
  async journalHolds(bytes: number): Promise<void> {
    await this.#until('the journal is full', async () => {
      const names = await readdir(join(this.dataDir, 'journal')).catch(() => [])
      return names.filter((name) => name.endsWith('.tape')).length * (64 << 10) >= bytes
    })
  }

  /** Has the collector end in order. It says by its exit code whether it has lost something. */
  async stop(): Promise<CollectTotals> {
    const collector = this.#collector ?? expect.unreachable('no collector runs')
    collector.kill('SIGTERM')
    const totals = await collector.event<CollectTotals>('summary')
    const code = await collector.exited
    if (code !== (totals.dropped > 0 ? 1 : 0)) throw new Error(`the collector ended with ${code} and dropped ${totals.dropped} ticks`)
    return totals
  }

  /** The proof of every session, beside its journal. */
  async verify(): Promise<SessionProof[]> {
    const journal = await journalOnDisk(join(this.dataDir, 'journal'))
    const proofs: SessionProof[] = []
    for await (const proof of verifySessions({ url: this.server.url, query: { sessionId: 'all' }, journal })) proofs.push(proof)
    return proofs
  }

  /** Fails when the collector has ended by itself. */
  async #until(what: string, condition: () => Promise<boolean>): Promise<void> {
    await vi.waitFor(async () => {
      const { exitCode, signalCode } = this.#collector?.child ?? {}
      if (exitCode !== null || signalCode !== null) return
      if (!(await condition())) throw new Error(`never came true: ${what}`)
    }, LONG_PATIENCE)
    if (this.#collector?.child.exitCode !== null || this.#collector.child.signalCode !== null) await this.#collector?.succeeded()
  }

  async #killAll(): Promise<void> {
    await this.killCollector()
    this.#gateway.kill('SIGKILL')
    await this.#gateway.exited
  }
}

function gatewayProcess({ tape, lines }: RigOptions, port: number): Part {
  return startGatewayProcess(tape, lines + TICK_BY_TICK_LINES, ['--speed', '1', '--sampling', 'off', '--port', String(port)])
}
