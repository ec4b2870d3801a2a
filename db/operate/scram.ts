/**
 * The verifier of a password that PostgreSQL keeps (RFC 5802 and 7677, as in its scram-common.c). Given in place of the password, so that the
 * password itself is in no statement, which the server may log and show to others. Pure but for the salt.
 */

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

const ITERATIONS = 4096
const SALT_BYTES = 16
const KEY_BYTES = 32
const VERIFIER = /^SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$/

/** @param password of ASCII: no other has to be normalized first */
export function scramVerifier(password: string, salt: Buffer = randomBytes(SALT_BYTES), iterations = ITERATIONS): string {
  const salted = pbkdf2Sync(password, salt, iterations, KEY_BYTES, 'sha256')
  const keyed = (text: string) => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(keyed('Client Key')).digest()
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored.toString('base64')}:${keyed('Server Key').toString('base64')}`
}

/** Whether a verifier as the server keeps it is of this password. */
export function isVerifierOf(verifier: string, password: string): boolean {
  const [, iterations, salt] = VERIFIER.exec(verifier) ?? []
  if (iterations === undefined || salt === undefined) return false
  return scramVerifier(password, Buffer.from(salt, 'base64'), Number(iterations)) === verifier
}
