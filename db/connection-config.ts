/** From the address of a database to the settings of a connection: TLS as libpq means its modes, and the password from where it is kept. */

import pg from 'pg'

import { ConfigError } from '../market/errors.ts'
import { splitAddress } from '../system/password-source.ts'
import { messageOf } from './sqlstates.ts'

const CONNECT_LIMIT_MS = 10_000
const TLS_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']

/** A client that fetches its password anew, as a token may have expired since the connection before. Takes any address of ours. */
export class AddressClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    const { url, fetch } = splitAddress(config?.connectionString ?? '')
    super({ ...config, connectionString: withLibpqTls(url) })
    if (fetch) Object.defineProperty(this, 'password', { value: fetch, writable: true, configurable: true, enumerable: false })
  }
}

/** @throws ConfigError when `url` is no database address */
export function clientConfig(url: string): pg.ClientConfig {
  const config: pg.ClientConfig = {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    fallback_application_name: 'tapedeck',
  }
  try {
    void new AddressClient(config)
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    const path = cause instanceof Error && 'path' in cause ? String(cause.path) : undefined
    const expected = path
      ? `a certificate in ${path}, as the address says (sslrootcert, sslcert, sslkey)`
      : 'postgresql://user:password@host:5432/database'
    throw new ConfigError(`The address of the database cannot be used: ${messageOf(cause)}. Expected ${expected}.`, {
      code: 'database-url',
      cause,
    })
  }
  return config
}

/** Database, host and port of an address, without user and password: `tapedeck at 127.0.0.1:5432`. */
export function databaseName(address: string): string {
  const { url } = splitAddress(address)
  // Certificates are none of a name's business.
  const { database, host, port } = new pg.Client({ connectionString: url.replaceAll(/([?&])ssl\w*=[^&]*/g, '$1') })
  return `${database ?? 'default'} at ${host}:${port}`
}

/**
 * Modes of TLS as libpq and every other client of PostgreSQL mean them, which pg does when told to: `require` encrypts and does not ask who
 * the server is, unless there is a root certificate; `verify-ca` asks for a certificate of that root; `verify-full` also for the host's name.
 */
function withLibpqTls(url: string): string {
  const mode = /[?&]sslmode=([^&]*)/.exec(url)?.[1]
  if (mode === undefined || mode === 'no-verify') return url
  if (!TLS_MODES.includes(mode))
    throw new ConfigError(
      `The address of the database: expected sslmode ${TLS_MODES.slice(0, -1).join(', ')} or ${TLS_MODES.at(-1)}, found ${mode}.`,
      {
        code: 'database-url',
      },
    )
  const address = new URL(url)
  const { searchParams } = address
  if (mode === 'verify-ca' && !searchParams.has('sslrootcert'))
    throw new ConfigError(
      'The address of the database: sslmode=verify-ca expects sslrootcert, the file of the root certificate; found none.',
      {
        code: 'database-url',
      },
    )
  // As libpq writes "the certificates that this machine trusts".
  if (searchParams.get('sslrootcert') === 'system') {
    searchParams.delete('sslrootcert')
    searchParams.set('sslmode', 'verify-full')
  }
  searchParams.set('uselibpqcompat', 'true')
  return address.href
}
