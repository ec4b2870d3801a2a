import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { complaintAbout, fetchPassword, splitAddress, withPasswordSource } from '../../../system/password-source.ts'
import { folderForTest } from '../../support/process/collecting.ts'

const SECRET = 'marker-secret'
const failureOf = async (fetching: Promise<string>) => {
  const error = await fetching.catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'database-password', retryable: true })
  const { message } = error as Error
  expect(message).not.toContain(SECRET)
  return message
}

describe('a password by command', () => {
  it('is its output without the line break', async () => {
    expect(await fetchPassword({ passwordCommand: `echo ${SECRET}` })).toBe(SECRET)
    expect(await fetchPassword({ passwordCommand: "printf ' a b '" })).toBe(' a b ')
  })

  it.each([
    [`echo ${SECRET}; echo ${SECRET} >&2; exit 3`, /passwordCommand ended with code 3\. Run it by hand/],
    ['kill -9 $$', /was ended by SIGKILL/],
    ['true', /passwordCommand: expected a password, found nothing/],
    [`echo; echo ${SECRET}`, /expected one line, found several/],
    ['yes', /printed more than a password/],
  ])('that %s says so, and shows nothing of what it printed', async (passwordCommand, message) => {
    expect(await failureOf(fetchPassword({ passwordCommand }))).toMatch(message)
  })

  it('that hangs is ended with all that it started', async () => {
    const folder = await folderForTest()
    const passwordCommand = `(sleep 987; touch ${folder}/late) & echo $! > ${folder}/pid; wait`
    expect(await failureOf(fetchPassword({ passwordCommand }, 1000))).toMatch(/did not end within 1 s/)
    const { readFile } = await import('node:fs/promises')
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
    await expect
      .poll(
        () =>
          readFile(`/proc/${pid}/stat`, 'utf8').then(
            (stat) => / Z /.test(stat),
            () => true,
          ),
        { timeout: 60_000 },
      )
      .toBe(true)
  })
})

describe('a password by file', () => {
  it('is its content without the line break, read anew each time', async () => {
    const passwordFile = join(await folderForTest(), 'password')
    await writeFile(passwordFile, `${SECRET}\n`)
    expect(await fetchPassword({ passwordFile })).toBe(SECRET)
    await writeFile(passwordFile, 'another')
    expect(await fetchPassword({ passwordFile })).toBe('another')
    await writeFile(passwordFile, '\n')
    expect(await failureOf(fetchPassword({ passwordFile }))).toMatch(/passwordFile: expected a password, found nothing/)
  })

  it('that is not there is named', async () => {
    expect(await failureOf(fetchPassword({ passwordFile: '/nowhere/password' }))).toMatch(/\/nowhere\/password cannot be read \(ENOENT\)/)
  })

  it('that others may read is complained about', async () => {
    const passwordFile = join(await folderForTest(), 'password')
    await writeFile(passwordFile, SECRET, { mode: 0o600 })
    expect(await complaintAbout({ passwordFile })).toBeUndefined()
    await chmod(passwordFile, 0o644)
    expect(await complaintAbout({ passwordFile })).toMatch(/only its owner may read, found mode 644: chmod 600 /)
    expect(await complaintAbout({ passwordFile: '/nowhere/password' })).toBeUndefined()
  })
})

describe('an address', () => {
  it('carries where its password is, and gives back what it was', () => {
    const url = 'postgres://writer@db.example:5432/tape?sslmode=require'
    for (const source of [{ passwordCommand: "get 'a b' & c=d" }, { passwordFile: '/etc/a b' }]) {
      const { url: back, source: found } = splitAddress(withPasswordSource(url, source))
      expect({ back, found }).toEqual({ back: url, found: { passwordCommand: undefined, passwordFile: undefined, ...source } })
    }
    expect(splitAddress(withPasswordSource(url, {}))).toEqual({ url, source: {}, fetch: undefined })
  })
})
