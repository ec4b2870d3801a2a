/** Connections by what an address says of TLS and of passwords, to a real server with TLS on. */

import { execFile } from 'node:child_process'
import { chown, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { packagedBinaries } from '../../db/embedded/binaries.ts'
import { type EmbeddedServer, startEmbedded } from '../../db/embedded/server.ts'
import { connectClient, createPool } from '../../db/pool.ts'
import { withPasswordSource } from '../../system/password-source.ts'
import { newPlace, type Place } from '../support/process/command.ts'

const logger = { info: () => undefined, warn: () => undefined }
const START_MS = 120_000

let place: Place
let server: EmbeddedServer
beforeAll(async () => {
  place = await newPlace()
  server = await startEmbedded({ dataDir: place.dataDir, logger, find: () => packagedBinaries() })
}, START_MS)
afterAll(async () => {
  await server.close()
  await place.remove()
}, START_MS)

async function ask<T>(url: string, sql: string): Promise<T[]> {
  const client = await connectClient(url)
  try {
    return (await client.query(sql)).rows as T[]
  } finally {
    await client.end()
  }
}
const failure = async (url: string) => {
  const error = await ask(url, 'SELECT 1').catch((reason: unknown) => reason)
  return error instanceof Error ? error.message : expect.unreachable(`${url} gave a connection`)
}

describe('TLS', () => {
  const at = (name: string) => join(place.folder, name)
  const openssl = async (...args: string[]) => promisify(execFile)('openssl', args, { cwd: place.folder })
  /** A root, or a certificate that a root has signed. */
  const makeRoot = (name: string) =>
    openssl(
      ...`req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=${name} -keyout ${name}.key -out ${name}.crt`.split(
        ' ',
      ),
    )
  const address = (host: string, parameters: string) => {
    const url = new URL(server.url)
    url.hostname = host
    url.search = parameters
    return url.href
  }
  const isEncrypted = async (url: string) =>
    (await ask<{ ssl: boolean }>(url, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'))[0]?.ssl === true

  it('that the server does not have is said so, with what to do', async () => {
    expect(await failure(address('localhost', 'sslmode=require'))).toMatch(/does not support SSL.*ssl = on.*sslmode=disable/)
  })

  describe('that is on', () => {
    beforeAll(async () => {
      for (const root of ['root', 'other']) await makeRoot(root)
      await openssl(
        ...'req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=server -keyout server.key -out server.csr'.split(' '),
      )
      await writeFile(at('names'), 'subjectAltName=DNS:localhost\n')
      await openssl(
        ...'x509 -req -in server.csr -CA root.crt -CAkey root.key -CAcreateserial -days 30 -extfile names -out server.crt'.split(' '),
      )
      const [{ data } = expect.unreachable()] = await ask<{ data: string }>(server.url, "SELECT current_setting('data_directory') AS data")
      // The server may run as another user, whose the key must be.
      const { uid, gid } = await stat(data)
      for (const name of ['server.key', 'server.crt']) {
        await writeFile(join(data, name), await readFile(at(name)), { mode: 0o600 })
        await chown(join(data, name), uid, gid)
      }
      await ask(server.url, 'ALTER SYSTEM SET ssl = on')
      await ask(server.url, 'SELECT pg_reload_conf()')
      await vi.waitFor(async () => isEncrypted(address('localhost', 'sslmode=require')), { timeout: 60_000 })
    }, START_MS)

    it.each([
      ['localhost', '', false],
      ['localhost', 'sslmode=disable', false],
      ['localhost', 'sslmode=prefer', true],
      ['127.0.0.1', 'sslmode=require', true],
      ['127.0.0.1', 'sslmode=verify-ca&sslrootcert=ROOT', true],
      ['localhost', 'sslmode=verify-full&sslrootcert=ROOT', true],
      // As libpq has it.
      ['127.0.0.1', 'sslmode=require&sslrootcert=ROOT', true],
    ])('connects to %s with "%s"', async (host, parameters, encrypted) => {
      expect(await isEncrypted(address(host, parameters.replace('ROOT', at('root.crt'))))).toBe(encrypted)
    })

    it.each([
      ['localhost', 'sslmode=verify-full', /of no root that is known here.*sslrootcert=/],
      ['localhost', 'sslmode=verify-full&sslrootcert=system', /of no root that is known here/],
      ['localhost', 'sslmode=verify-full&sslrootcert=OTHER', /of no root that is known here/],
      ['localhost', 'sslmode=verify-ca&sslrootcert=OTHER', /of no root that is known here/],
      ['localhost', 'sslmode=require&sslrootcert=OTHER', /of no root that is known here/],
      ['127.0.0.1', 'sslmode=verify-full&sslrootcert=ROOT', /IP: 127\.0\.0\.1 .*Connect by the name that is in the certificate/],
      ['localhost', 'sslmode=verify-ca', /verify-ca expects sslrootcert/],
      ['localhost', 'sslmode=verify-full&sslrootcert=/nowhere/root.crt', /ENOENT.*Expected a certificate in \/nowhere\/root\.crt/],
      ['localhost', 'sslmode=fast', /expected sslmode disable, .*, found fast/],
    ])('refuses %s with "%s", and says what to do', async (host, parameters, message) => {
      const files = parameters.replace('ROOT', at('root.crt')).replace('OTHER', at('other.crt'))
      const text = await failure(address(host, files))
      expect(text).toMatch(message)
      expect(text).not.toContain(new URL(server.url).password)
    })
  })
})

describe('a password that is kept elsewhere', () => {
  const bare = (user: string) => {
    const url = new URL(server.url)
    url.username = user
    url.password = ''
    return url.href
  }
  let passwordFile: string
  beforeAll(async () => {
    passwordFile = join(place.folder, 'token')
    await ask(server.url, "CREATE ROLE rotating LOGIN PASSWORD 'first'")
  })

  it.each([
    ['a file', () => ({ passwordFile })],
    ['a command', () => ({ passwordCommand: `cat '${passwordFile}'` })],
  ])('by %s is fetched for each connection', async (_, source) => {
    const url = withPasswordSource(bare('rotating'), source())
    await ask(server.url, "ALTER ROLE rotating PASSWORD 'first'")
    await writeFile(passwordFile, 'first\n')
    const pool = createPool({ url, lanes: 1, logger: { warn: () => undefined } })
    const who = () => pool.withClient(async (client) => (await client.query<{ who: string }>('SELECT current_user AS who')).rows[0]?.who)
    expect(await who()).toBe('rotating')
    await ask(server.url, "ALTER ROLE rotating PASSWORD 'second'")
    await expect(pool.withClient(() => Promise.reject(new Error('closes the connection')))).rejects.toThrow('closes')
    await expect(who()).rejects.toThrow(/password authentication failed.*Correct user and password/)
    await writeFile(passwordFile, 'second\n')
    expect(await who()).toBe('rotating')
    await pool.end()
  })

  it('and cannot be had is a failure that passes', async () => {
    const error = await connectClient(withPasswordSource(bare('rotating'), { passwordCommand: 'exit 7' })).catch(
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ name: 'WriteError', code: 'database-password', retryable: true })
    expect((error as Error).message).toMatch(/database\.passwordCommand ended with code 7/)
  })
})
