/**
 * What a failure of the database means for the writer, by SQLSTATE (appendix A of PostgreSQL's manual):
 * the row is bad, a retry will succeed, or a person has to act.
 */

import pg from 'pg'

import { TapedeckError, WriteError } from '../market/errors.ts'

export const UNIQUE_VIOLATION = '23505'
export const INSUFFICIENT_PRIVILEGE = '42501'

/**
 * 22 data exception (text that cannot be stored, numbers out of range), 23 integrity constraint, 44 WITH CHECK OPTION,
 * 54 limit exceeded (a text too long for an index), P0 raised by a trigger.
 */
const ROW_CLASSES = new Set(['22', '23', '44', '54', 'P0'])

/** 08 connection, 25006 read-only (a standby about to be promoted), 40 rolled back, 53 resources, 55 in use, 57 operator, 58 system. */
const PASSING = ['08', '25006', '25P03', '40', '53', '55', '57', '58']

/** True when the server refused what was in a row: sending the same row again will fail again, another row will not. */
export function isRowRefusal(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && ROW_CLASSES.has(error.code?.slice(0, 2) ?? '')
}

/** True when the server answered with this SQLSTATE. */
export function hasSqlState(error: unknown, code: string): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && error.code === code
}

/**
 * The failure as a WriteError that says what to do. A failure without an SQLSTATE came from the connection.
 * What is no failure of the database (damaged records, a bug) is thrown as it is.
 *
 * @param doing completes "The database …": `did not take a batch`. Without numbers: the log compares it with the one before
 */
export function writeErrorOf(error: unknown, doing: string): WriteError {
  if (error instanceof WriteError) return error
  if (error instanceof TapedeckError || error instanceof TypeError || error instanceof RangeError) throw error
  const state = error instanceof pg.DatabaseError ? error.code : undefined
  const retryable = state === undefined || PASSING.some((prefix) => state.startsWith(prefix))
  const found = messageOf(error)
  const told = tlsAdvice(error) ?? preloadAdvice(found)
  return new WriteError(`The database ${doing}: ${found}${state ? ` (SQLSTATE ${state})` : ''}. ${told ?? advice(state)}`, {
    code: state === undefined ? 'database-unreachable' : retryable ? 'database-busy' : 'database-refused',
    retryable,
    cause: error,
  })
}

/** One line about any error; Node reports several refused addresses as one error without a message. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
}

/** What to do when the two sides do not agree on TLS, or the server is not who it should be. */
function tlsAdvice(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error ? String(error.code) : ''
  if (error.message.includes('does not support SSL'))
    return 'The server has no TLS: switch it on there (ssl = on), or say sslmode=disable where the network can be trusted.'
  if (error.message.includes('no encryption')) return 'The server takes encrypted connections only: say sslmode=require or verify-full.'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'Connect by the name that is in the certificate of the server, or have a certificate made with this one.'
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return 'Renew the certificate of the server, or correct the clock.'
  if (/^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|CERT_)/.test(code))
    return "The server's certificate is of no root that is known here: name its root (sslrootcert=/path/to/root.crt)."
  return undefined
}

/** TimescaleDB that was once created and is not loaded lets nobody near its tables, without an SQLSTATE of its own. */
function preloadAdvice(found: string): string | undefined {
  if (!found.includes('must be preloaded')) return undefined
  return "Add timescaledb to shared_preload_libraries in the server's configuration, and restart the server."
}

function advice(state: string | undefined): string {
  if (state === undefined) return 'Check that the server runs and can be reached.'
  if (state.startsWith('28')) return 'Correct user and password in the database address.'
  if (state === '3D000') return 'Create the database, or correct its name in the database address.'
  if (state === INSUFFICIENT_PRIVILEGE) return 'Grant the role INSERT, SELECT and UPDATE on the tables of tapedeck.'
  if (state.startsWith('42P01') || state === '42703' || state === '3F000') return 'Run `tapedeck db migrate` against this database.'
  if (state === '53100') return 'Free space on the disk of the database.'
  if (state === '53300') return 'Raise max_connections or end other clients.'
  if (state === '25006') return 'The server is read-only, as a standby is: name the primary server.'
  if (PASSING.some((prefix) => state.startsWith(prefix))) return 'This passes by itself.'
  return "Look into the server's log."
}
