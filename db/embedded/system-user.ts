/**
 * Which system user the server runs as. PostgreSQL refuses to run as root: a recorder started by root runs it as another
 * user, who must be able to enter every folder above the data.
 */

import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError } from '../../market/errors.ts'
import { type SystemUser, run } from './run.ts'

/** Made when the system has no `postgres`. */
const OUR_USER = 'tapedeck'

/**
 * The user to run the server as; `undefined` means ourselves.
 *
 * @param data the cluster's folder, which need not exist; an existing one keeps its owner
 * @throws ConfigError `embedded-no-user` when we are root and there is no user to become, `embedded-foreign-data` when the data is not ours
 */
export async function serverUser(data: string, names: readonly string[] = ['postgres', OUR_USER]): Promise<SystemUser | undefined> {
  const ourUid = process.getuid?.()
  const owner = await stat(data).catch(() => undefined)
  if (ourUid !== 0) {
    if (owner === undefined || owner.uid === ourUid) return undefined
    throw new ConfigError(
      `Expected ${data} to belong to the user who runs this (uid ${ourUid}), found uid ${owner.uid}. Run as that user, or choose another data directory (TAPEDECK_DATA_DIR).`,
      { code: 'embedded-foreign-data' },
    )
  }
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  for (const name of names) {
    const user = await lookUp(name)
    if (user !== undefined) return user
  }
  const made = await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', OUR_USER])
  const user = made.ok ? await lookUp(OUR_USER) : undefined
  if (user !== undefined) return user
  throw new ConfigError(
    `PostgreSQL does not run as root. Expected a system user ${names.join(' or ')}, found none, and useradd could not make one: ${made.output.trim()} ` +
      `Create one of them, or start tapedeck as an ordinary user, or set the address of a server of yours.`,
    { code: 'embedded-no-user' },
  )
}

async function lookUp(name: string): Promise<SystemUser | undefined> {
  const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
  return uid.ok && gid.ok ? { uid: Number(uid.output), gid: Number(gid.output) } : undefined
}

/**
 * @param folder an absolute path
 * @throws ConfigError `embedded-closed-directory` naming the topmost folder on the way that `user` cannot enter
 */
export async function assertEnterable(folder: string, user: SystemUser): Promise<void> {
  if (await enters(folder, user)) return
  const way = [folder]
  for (let above = dirname(folder); above !== way[0]; above = dirname(above)) way.unshift(above)
  for (const step of way) {
    if (await enters(step, user)) continue
    throw new ConfigError(
      `The database's user (uid ${user.uid}) must reach ${folder} and cannot enter ${step}. ` +
        `Open it (chmod o+x '${step}'), or choose another data directory (TAPEDECK_DATA_DIR), such as /var/lib/tapedeck.`,
      { code: 'embedded-closed-directory' },
    )
  }
}

/** Asked of the system as that user, because access lists count besides the mode. A system without `test` is trusted. */
async function enters(folder: string, user: SystemUser): Promise<boolean> {
  const answer = await run('test', ['-x', folder], user)
  return answer.ok || !answer.found
}
