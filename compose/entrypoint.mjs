/**
 * What the container starts: `tapedeck` with the password of the database from the file that DB_PASSWORD_FILE names. The environment that
 * the container was started with, which `docker inspect` and /proc show, never holds it.
 */

import { readFileSync } from 'node:fs'

const file = process.env.DB_PASSWORD_FILE
if (file) {
  try {
    process.env.DB_PASSWORD = readFileSync(file, 'utf8').trimEnd()
  } catch (error) {
    console.error(`expected the password of the database in ${file} (DB_PASSWORD_FILE), found none: ${error.code}`)
    process.exit(2)
  }
}
await import('./launch.mjs')
