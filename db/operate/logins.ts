/**
 * Logins: who connects as a reader, a writer or an admin (roles.ts), or watches the server. Each is a member of one role, with a password from a
 * file. Doing it again changes nothing, and takes over a password that was changed in its file.
 */

import { readFile } from 'node:fs/promises'

import pg from 'pg'

import { ConfigError, TapedeckError } from '../../market/errors.ts'
import { messageOf } from '../sqlstates.ts'
import { quoted, type RoleNames, type RoleStep } from './roles.ts'
import { isVerifierOf, scramVerifier } from './scram.ts'

type Client = Pick<pg.ClientBase, 'query'>

/** `monitor` sees how the server is doing, and nothing that was recorded. */
export type LoginRole = keyof RoleNames | 'monitor'

export interface LoginFile {
  name: string
  role: LoginRole
  passwordFile: string
}

export interface Login {
  name: string
  role: LoginRole
  password: string
}

/** @throws ConfigError `login-password`, naming the file and never what is in it */
export async function readLogins(files: readonly LoginFile[]): Promise<Login[]> {
  const read = async ({ name, role, passwordFile }: LoginFile) => {
    const refuse = (text: string, cause?: unknown) =>
      new ConfigError(`The password of the login ${name}: ${text}.`, { code: 'login-password', cause })
    const text = await readFile(passwordFile, 'utf8').catch((cause: unknown) => {
      throw refuse(
        `${passwordFile} cannot be read (${cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)})`,
        cause,
      )
    })
    const password = text.replace(/\r?\n$/, '')
    if (password === '') throw refuse(`expected a password in ${passwordFile}, found nothing`)
    if (!/^[\x20-\x7e]+$/.test(password)) throw refuse(`expected one line of printable ASCII in ${passwordFile}, found something else`)
    return { name, role, password }
  }
  return Promise.all(files.map(read))
}

interface Found {
  name: string
  canLogin: boolean
  isSuperuser: boolean
  /** Only superusers see it. */
  verifier: string | null
  memberOf: string[]
}

/**
 * What is missing. A role that may not read what the server keeps of passwords gives them anew each time.
 *
 * @throws ConfigError `login-refused` when a login is one that is not ours to change
 */
export async function planLogins(client: Client, names: RoleNames, logins: readonly Login[]): Promise<RoleStep[]> {
  const found = await readFound(client, logins)
  return logins.flatMap((login) => {
    const there = found.find(({ name }) => name === login.name)
    if (there?.isSuperuser || Object.values(names).includes(login.name))
      throw new ConfigError(
        `The login ${login.name}: expected a name of its own, found ${there?.isSuperuser ? 'a superuser' : 'one of the roles'}. Choose another one.`,
        { code: 'login-refused' },
      )
    return stepsFor(login, there, names)
  })
}

async function readFound(client: Client, logins: readonly Login[]): Promise<Found[]> {
  const { rows: may } = await client.query<{ sees: boolean }>("SELECT has_table_privilege('pg_authid', 'SELECT') AS sees")
  const { rows } = await client.query<Found>(
    `SELECT r.rolname AS name, r.rolcanlogin AS "canLogin", r.rolsuper AS "isSuperuser",
       ${may[0]?.sees ? '(SELECT rolpassword FROM pg_authid WHERE oid = r.oid)' : 'NULL'} AS verifier,
       ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid) AS "memberOf"
     FROM pg_roles r WHERE r.rolname = ANY ($1)`,
    [logins.map(({ name }) => name)],
  )
  return rows
}

function stepsFor({ name, role, password }: Login, there: Found | undefined, names: RoleNames): RoleStep[] {
  const groups = { ...names, monitor: 'pg_monitor' }
  const group = groups[role]
  const login = quoted(name)
  const steps: RoleStep[] = []
  // What a verifier is made of needs no quotes.
  const given = () => `LOGIN PASSWORD '${scramVerifier(password)}'`
  if (!there) steps.push({ what: `make the login ${name}`, sql: `CREATE ROLE ${login} ${given()}` })
  else if (!there.canLogin || !isVerifierOf(there.verifier ?? '', password))
    steps.push({ what: `give ${name} the password of its file`, sql: `ALTER ROLE ${login} ${given()}` })
  for (const other of Object.values(groups))
    if (other !== group && there?.memberOf.includes(other))
      steps.push({ what: `take ${name} out of ${other}`, sql: `REVOKE ${quoted(other)} FROM ${login}; ALTER ROLE ${login} RESET role` })
  if (!there?.memberOf.includes(group)) {
    // What an admin makes then belongs to the role, and not to the person.
    const owns = role === 'admin' ? `; ALTER ROLE ${login} SET role TO ${quoted(group)}` : ''
    steps.push({ what: `make ${name} a member of ${group}`, sql: `GRANT ${quoted(group)} TO ${login}${owns}` })
  }
  return steps
}

/**
 * Makes the logins. The roles must be there. Returns what was done.
 *
 * @throws TapedeckError `roles-refused`, naming the step and not its statement; those before it stay done
 */
export async function applyLogins(client: Client, names: RoleNames, logins: readonly Login[]): Promise<RoleStep[]> {
  const steps = await planLogins(client, names, logins)
  for (const { what, sql } of steps) {
    try {
      await client.query(sql)
    } catch (cause) {
      throw new TapedeckError(
        `The server did not ${what}: ${messageOf(cause)}. Run this as a superuser, or with CREATEROLE and the roles to give. ` +
          'What was done before stays; run it again to go on.',
        { code: 'roles-refused', retryable: !(cause instanceof pg.DatabaseError), cause },
      )
    }
  }
  return steps
}
