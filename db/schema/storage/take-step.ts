/** Takes one step of a plan. */

import pg from 'pg'

import { MigrationError } from '../../../market/errors.ts'
import { hasSqlState, messageOf } from '../../sqlstates.ts'
import { TRANSACTION_SETTINGS } from '../../transaction.ts'
import type { Queryable, Step } from './objects.ts'

const INSUFFICIENT_PRIVILEGE = '42501'

export const CREATE_EXTENSION: Step = { what: 'create the extension timescaledb', sql: 'CREATE EXTENSION timescaledb SCHEMA public' }

/** @throws MigrationError `storage-refused` when the server refuses */
export async function takeStep(client: Queryable, { what, sql }: Step): Promise<void> {
  try {
    await client.query(`${TRANSACTION_SETTINGS}; ${sql}`)
  } catch (cause) {
    const advice = hasSqlState(cause, INSUFFICIENT_PRIVILEGE)
      ? 'The role must own the table: run `tapedeck db apply` as its owner.'
      : 'Nothing of it was done. Remove the cause, then run `tapedeck db apply`.'
    throw new MigrationError(`The server did not ${what}: ${messageOf(cause)}. ${advice}`, {
      code: 'storage-refused',
      retryable: !(cause instanceof pg.DatabaseError),
      cause,
    })
  }
}

/** Returns why the extension cannot be created, with what to do; undefined when it was. */
export async function createExtension(client: Queryable): Promise<string | undefined> {
  try {
    await client.query(`${TRANSACTION_SETTINGS}; ${CREATE_EXTENSION.sql}`)
    return undefined
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    return `${messageOf(error)}. Have a superuser run "${CREATE_EXTENSION.sql}" in this database, then run \`tapedeck db migrate\``
  }
}
