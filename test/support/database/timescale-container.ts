/**
 * A throw-away TimescaleDB in a container, for the tests that need real hypertables.
 * A developer without a container runtime gets the reason to print beside the skipped tests; CI sets TAPEDECK_REQUIRE_CONTAINER=1 and
 * fails instead.
 */
import { randomBytes } from 'node:crypto'
import { GenericContainer, getContainerRuntimeClient, Wait } from 'testcontainers'

/** Short: a developer without a runtime waits for it at every run. Where a container is required, a busy machine gets time to answer. */
const DETECT_LIMIT_MS = 2_500
const DETECT_LIMIT_IF_REQUIRED_MS = 30_000
const PULL_AND_START_LIMIT_MS = 180_000

/** What a start came to: a database to use and stop, or the reason why there is none. */
export type TimescaleContainer = { readonly url: string; readonly stop: () => Promise<void> } | { readonly unavailable: string }

/**
 * Starts TimescaleDB in a container with an empty database that has the extension. Never hangs: the runtime has 2.5 s to answer, the image
 * and the server have three minutes. The image is TEST_TIMESCALE_IMAGE, else the official one for PostgreSQL 17.
 * @throws Error when there is none to be had and TAPEDECK_REQUIRE_CONTAINER=1
 */
export async function startTimescaleContainer(): Promise<TimescaleContainer> {
  const image = process.env['TEST_TIMESCALE_IMAGE'] ?? 'docker.io/timescale/timescaledb:latest-pg17'
  const required = process.env['TAPEDECK_REQUIRE_CONTAINER'] === '1'
  try {
    await within(
      required ? DETECT_LIMIT_IF_REQUIRED_MS : DETECT_LIMIT_MS,
      'an answer from the container runtime',
      getContainerRuntimeClient(),
    )
    return await within(PULL_AND_START_LIMIT_MS, `a running container of ${image}`, start(image))
  } catch (error) {
    const unavailable = `no TimescaleDB container: ${error instanceof Error ? error.message : String(error)}`
    if (required) throw new Error(unavailable, { cause: error })
    return { unavailable }
  }
}

async function start(image: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const password = randomBytes(12).toString('hex')
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_USER: 'tapedeck', POSTGRES_PASSWORD: password, POSTGRES_DB: 'tapedeck_test', TIMESCALEDB_TELEMETRY: 'off' })
    .withExposedPorts(5432)
    // Podman's own defaults exceed what an unprivileged host grants.
    .withUlimits({ nofile: { soft: 1024, hard: 1024 }, nproc: { soft: 1024, hard: 1024 } })
    // Parallel queries share memory through /dev/shm; the usual 64 MiB are soon full.
    .withSharedMemorySize(256 * 1024 * 1024)
    // The first line is the private server that sets the database up, the second the real one.
    .withWaitStrategy(Wait.forLogMessage('database system is ready to accept connections', 2))
    .withStartupTimeout(60_000)
    .start()
  return {
    url: `postgres://tapedeck:${password}@${container.getHost()}:${container.getMappedPort(5432)}/tapedeck_test`,
    stop: async () => {
      await container.stop({ timeout: 0 })
    },
  }
}

async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`expected ${what} within ${limitMs} ms, found none`)), limitMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
