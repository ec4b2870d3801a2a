import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type TestContext, vi } from 'vitest'
import { packagedBinaries } from '../../db/embedded/binaries.ts'
import { isRunning, readPostmaster } from '../../db/embedded/postmaster.ts'
import { run } from '../../db/embedded/run.ts'
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from '../../db/embedded/server.ts'
import { compile } from '../support/process/compiled.ts'
import { PATIENTLY } from '../support/waiting.ts'

const logger = { info: () => undefined, warn: () => undefined }
/** Never the machine's own PostgreSQL: it may have TimescaleDB, or be of another version. */
const find = () => packagedBinaries()
const isRoot = process.getuid?.() === 0
const NOBODY = 65_534

/** Starts or adopts the server, prints what it got, and closes when its input ends. */
const CHILD = `
import { packagedBinaries } from './db/embedded/binaries.js'
import { startEmbedded } from './db/embedded/server.js'
const [dataDir, packageDir] = process.argv.slice(2)
const logger = { info() {}, warn() {} }
const server = await startEmbedded({ dataDir, logger, find: () => packagedBinaries(packageDir || undefined) })
console.log(JSON.stringify({ url: server.url, adopted: server.adopted }))
process.stdin.resume().on('end', () => server.close().then(() => process.exit()))`

interface Child {
  process: ChildProcess
  /** The line it prints once it has a server. */
  ready: Promise<{ url: string; adopted: boolean }>
  /** Its exit code, its input closed. */
  close(): Promise<unknown>
}

// The space in the name: every path here has one.
const base = await mkdtemp(join(tmpdir(), 'tapedeck embedded '))
const code = join(base, 'code')
const servers: EmbeddedServer[] = []
const children: ChildProcess[] = []
let dataDir = ''

beforeAll(async () => {
  await chmod(base, 0o755)
  await compile(code, ['db/embedded/server.ts'])
  await writeFile(join(code, 'child.js'), CHILD)
})
afterEach(stopAll)
afterAll(() => rm(base, { recursive: true, force: true }))

async function stopAll(): Promise<void> {
  vi.unstubAllEnvs()
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const server of servers.splice(0)) await server.close()
  const left = await postmasterPid()
  if (left !== 0) process.kill(left, 'SIGKILL')
}

/** A data directory of its own for each test of a group. */
function eachAnew(): void {
  beforeEach(async () => {
    dataDir = await mkdtemp(join(base, 'data '))
    if (isRoot) await chmod(dataDir, 0o755)
  })
  afterEach(async () => {
    await stopAll()
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })
}

const pgdata = () => join(dataDir, 'postgres', 'data')

async function start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDir, logger, find, ...options })
  servers.push(server)
  return server
}

function startChild({ packageDir = '', ...options }: { packageDir?: string; uid?: number; gid?: number; detached?: boolean } = {}): Child {
  const child = spawn(process.execPath, [join(code, 'child.js'), dataDir, packageDir], {
    ...options,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const ready = Promise.race([
    once(child.stdout, 'data').then(([line]) => JSON.parse(String(line)) as { url: string; adopted: boolean }),
    once(child, 'exit').then(([status]) => Promise.reject(new Error(`the child ended with ${status}`))),
  ])
  const close = async () => {
    child.stdin.end()
    const [status] = (await once(child, 'exit')) as [unknown]
    return status
  }
  return { process: child, ready, close }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** The first row, over a connection of its own. */
async function ask(url: string, sql: string): Promise<Record<string, unknown>> {
  const client = await connect(url)
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql)
    return rows[0] ?? {}
  } finally {
    await client.end()
  }
}

async function postmasterPid(): Promise<number> {
  const postmaster = await readPostmaster(pgdata())
  return postmaster !== undefined && isRunning(postmaster) ? postmaster.pid : 0
}

const names = async (): Promise<string[]> => readdir(dataDir)

describe('the embedded database', () => {
  beforeEach(() => {
    dataDir = join(base, 'shared')
  })

  it('is made by the first start, whatever the locale and the variables of PostgreSQL say', async () => {
    for (const name of ['LC_ALL', 'LANG']) vi.stubEnv(name, 'xx_YY.bogus')
    vi.stubEnv('PGDATA', '/nonexistent')
    const server = await start()
    expect(server.adopted).toBe(false)
    expect(server.edition).toEqual({ postgresql: expect.stringMatching(/^18\./), timescaledb: false })
    expect(server.url).toMatch(/^postgresql:\/\/tapedeck:[0-9a-f]{48}@127\.0\.0\.1:\d+\/tapedeck$/)
    const settings = ['data_checksums', 'fsync', 'synchronous_commit', 'timezone', 'server_encoding', 'unix_socket_directories', 'jit']
    const columns = settings.map((name) => `current_setting('${name}') AS ${name}`).join(', ')
    expect(await ask(server.url, `SELECT ${columns}`)).toEqual({
      data_checksums: 'on',
      fsync: 'on',
      synchronous_commit: 'on',
      timezone: 'UTC',
      server_encoding: 'UTF8',
      unix_socket_directories: '',
      jit: 'off',
    })
    const password = await stat(join(dataDir, 'postgres', 'password'))
    expect([password.mode & 0o777, password.uid]).toEqual([0o600, process.getuid?.()])
    if (isRoot) {
      expect((await stat(pgdata())).uid).not.toBe(0)
      expect(await names()).toContainEqual(expect.stringMatching(/^pg-18\./))
    }
    await expect(ask(server.url.replace(/:[0-9a-f]{48}@/, ':wrong@'), 'SELECT 1')).rejects.toThrow('password authentication failed')
  })

  it('is adopted by the second, stopped by the last, and the next start finds port and data', async () => {
    const first = await start()
    const second = await start()
    expect([first.adopted, second.adopted, second.url === first.url]).toEqual([false, true, true])
    const pid = await postmasterPid()
    const client = await connect(second.url)
    await client.query('CREATE TABLE kept AS SELECT 42 AS answer')
    await first.close()
    expect(await postmasterPid()).toBe(pid)
    await client.end()
    await second.close()
    expect(await postmasterPid()).toBe(0)
    await expect(second.ensureRunning()).rejects.toMatchObject({ code: 'embedded-closed' })

    const third = await start()
    expect([third.adopted, third.url]).toEqual([false, first.url])
    expect(await ask(third.url, 'SELECT answer FROM kept')).toEqual({ answer: 42 })
  })

  it('outlives a Ctrl-C and a kill -9 of the recorder, and is adopted', async () => {
    const child = startChild({ detached: true })
    const { url } = await child.ready
    const pid = await postmasterPid()
    process.kill(-(child.process.pid ?? 0), 'SIGINT')
    await once(child.process, 'exit')
    expect(await ask(url, 'SELECT 1 AS one')).toEqual({ one: 1 })

    const killed = startChild()
    expect(await killed.ready).toEqual({ url, adopted: true })
    killed.process.kill('SIGKILL')
    await once(killed.process, 'exit')
    const server = await start()
    expect([server.adopted, server.url, await postmasterPid()]).toEqual([true, url, pid])
    await server.close()
    expect(await postmasterPid()).toBe(0)
  })

  it('comes back with what was committed after its postmaster was killed', async () => {
    const server = await start()
    const { url } = server
    await server.ensureRunning()
    const client = await connect(url)
    await client.query('CREATE TABLE committed AS SELECT 42 AS answer')
    const pid = await postmasterPid()
    process.kill(pid, 'SIGKILL')
    await Promise.all([server.ensureRunning(), server.ensureRunning()])
    expect(await postmasterPid()).not.toBe(pid)
    expect(server.url).toBe(url)
    expect(await ask(url, 'SELECT answer FROM committed')).toEqual({ answer: 42 })
  })

  it('comes back after one of its backends was killed, and stops in good order when it is closed in the midst of that', async () => {
    const server = await start()
    const killBackend = async () => {
      const client = await connect(server.url)
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      const gone = new Promise<void>((resolve) => client.on('end', resolve))
      process.kill(rows[0]?.pid ?? 0, 'SIGKILL')
      await gone
    }
    const logged = () => readFile(join(dataDir, 'postgres.log'), 'utf8')
    await killBackend()
    // The server learns of it a moment after the client.
    await vi.waitFor(async () => expect(await logged()).toContain('reinitializing'), PATIENTLY)
    await server.ensureRunning()
    expect(await ask(server.url, 'SELECT 1 AS one')).toEqual({ one: 1 })

    await killBackend()
    await server.close()
    expect(await postmasterPid()).toBe(0)
    const log = await logged()
    expect(log).toContain('received fast shutdown request')
    expect(log).not.toContain('immediate shutdown')
  })

  it('takes another port when its own is in use, and again when it loses the race for that', async () => {
    const first = await start()
    await first.close()
    const port = Number(new URL(first.url).port)
    const squatter = createServer().listen(port, '127.0.0.1')
    await once(squatter, 'listening')
    try {
      const second = await start()
      expect(new URL(second.url).port).not.toBe(String(port))
      await second.close()

      const free = Number(new URL(second.url).port)
      const offers = [port, free]
      const third = await start({ pickPort: async () => offers.shift() ?? 0 })
      expect(new URL(third.url).port).toBe(String(free))
      expect(third.adopted).toBe(false)
    } finally {
      squatter.close()
    }
  })

  it('is not fooled by a stale postmaster.pid whose pid now belongs to another program', async () => {
    const first = await start()
    await first.close()
    const { port } = new URL(first.url)
    await writeFile(
      join(pgdata(), 'postmaster.pid'),
      `${process.pid}\n${pgdata()}\n1795000000\n${port}\n\n127.0.0.1\n  1        1\nready   \n`,
    )
    const second = await start()
    expect([second.adopted, second.url]).toEqual([false, first.url])
  })

  it('says why it does not start, in the words of its log', async () => {
    const server = await start()
    await server.close()
    const conf = join(pgdata(), 'postgresql.conf')
    const { size } = await stat(conf)
    await appendFile(conf, '\nno_such_setting = 1\n')
    await expect(start()).rejects.toMatchObject({ code: 'embedded-start-failed', retryable: false })
    await expect(start()).rejects.toThrow('unrecognized configuration parameter "no_such_setting"')
    await truncate(conf, size)
  })

  it('is never opened by programs of another major version', async () => {
    const server = await start()
    await server.close()
    const older = async () => (await find()).map((binaries) => ({ ...binaries, major: 17 }))
    await expect(start({ find: older })).rejects.toMatchObject({ code: 'embedded-wrong-binaries' })
  })

  it.runIf(isRoot)('says which directory is closed to the user that the server must run as', async () => {
    const closed = join(base, 'closed')
    await mkdir(closed, { mode: 0o700 })
    await expect(start({ dataDir: join(closed, 'a', 'data') })).rejects.toMatchObject({
      code: 'embedded-closed-directory',
      message: expect.stringContaining(`cannot enter ${closed}. `),
    })
  })
})

describe('the making of an embedded database', () => {
  eachAnew()

  it('is made once when several processes start at once', async () => {
    const three = [startChild(), startChild(), startChild()]
    const all = await Promise.all(three.map((child) => child.ready))
    expect(all.map(({ adopted }) => adopted).filter(Boolean)).toEqual([true, true])
    expect(new Set(all.map(({ url }) => url)).size).toBe(1)
    expect(await Promise.all(three.map((child) => child.close()))).toEqual([0, 0, 0])
    expect(await postmasterPid()).toBe(0)
  })

  it('leaves no half cluster when the start is killed in the middle of initdb', async () => {
    const child = startChild()
    child.ready.catch(() => undefined)
    await expect.poll(names, { timeout: 30_000, interval: 5 }).toContainEqual(expect.stringMatching(/^postgres\.new-/))
    child.process.kill('SIGKILL')
    await once(child.process, 'exit')
    expect(await names()).not.toContain('postgres')
    const server = await start()
    expect(await ask(server.url, 'SELECT 1 AS one')).toEqual({ one: 1 })
    expect((await names()).filter((name) => /new-|copy-/.test(name))).toEqual([])
  })
})

describe('the npm package without the links that its install script makes', () => {
  const packageDir = join(base, 'a package')
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : undefined
  eachAnew()

  beforeAll(async () => {
    const [binaries] = await packagedBinaries()
    await cp(join(binaries?.binDir ?? '', '..', '..'), packageDir, {
      recursive: true,
      filter: (path) => !/\.so(\.\d+)?$/.test(path) || !/lib(icu|pq|pgtypes|ecpg)[^/]*$/.test(path),
    })
  })
  beforeEach(async (context: TestContext) => {
    const found = await run(
      process.execPath,
      ['-e', `require(${JSON.stringify(join(code, 'node_modules/pg/package.json'))})`],
      isRoot ? { uid: NOBODY, gid: NOBODY } : undefined,
    )
    if (!found.ok) context.skip('an ordinary user cannot read this folder, or run this Node')
    if (isRoot) await chown(dataDir, NOBODY, NOBODY)
  })

  const libraries = async () => readdir(join(packageDir, 'native', 'lib'))

  it('is copied to the data directory when its folder is not writable', async () => {
    await chmod(join(packageDir, 'native', 'lib'), 0o555)
    const child = startChild({ packageDir, ...user })
    expect((await child.ready).adopted).toBe(false)
    expect(await libraries()).not.toContain('libicuuc.so.60')
    expect(await names()).toContainEqual(expect.stringMatching(/^pg-18\./))
    expect(await child.close()).toBe(0)
    await chmod(join(packageDir, 'native', 'lib'), 0o755)
  })

  it('gets them from two ordinary users’ processes at once', async () => {
    if (isRoot) await chown(join(packageDir, 'native', 'lib'), NOBODY, NOBODY)
    const two = [startChild({ packageDir, ...user }), startChild({ packageDir, ...user })]
    const all = await Promise.all(two.map((child) => child.ready))
    expect(all.map(({ adopted }) => adopted).filter(Boolean)).toEqual([true])
    const links = JSON.parse(await readFile(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8')) as { target: string }[]
    for (const { target } of links) expect((await stat(join(packageDir, target))).isFile()).toBe(true)
    expect((await libraries()).filter((name) => /\.\d+-[0-9a-f]{8}$/.test(name))).toEqual([])
    expect(await names()).not.toContainEqual(expect.stringMatching(/^pg-18\./))
    expect(await Promise.all(two.map((child) => child.close()))).toEqual([0, 0])
  })
})
