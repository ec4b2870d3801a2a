import { describe, expect, it, vi } from 'vitest'

import { databaseName } from '../../../db/connection-config.ts'
import { connectClient, createPool } from '../../../db/pool.ts'
import { ConfigError, WriteError } from '../../../market/errors.ts'

/** Port 1: nothing listens there. */
const NOWHERE = 'postgresql://someone:secret-word@127.0.0.1:1/tape'
const logger = { warn: () => undefined }

describe('the pool', () => {
  it('asks for the server to be brought back before it connects again, not before the first time', async () => {
    const ensureRunning = vi.fn(async () => undefined)
    const pool = createPool({ url: NOWHERE, lanes: 1, ensureRunning, logger })
    const attempt = () => pool.withClient(async () => undefined).catch((error: unknown) => error)
    expect(await attempt()).toBeInstanceOf(WriteError)
    expect(ensureRunning).not.toHaveBeenCalled()
    await attempt()
    expect(ensureRunning).toHaveBeenCalledTimes(1)
    await pool.end()
  })

  it('passes on why the server could not be brought back', async () => {
    const pool = createPool({
      url: NOWHERE,
      lanes: 1,
      ensureRunning: () => Promise.reject(new WriteError('no disk', { code: 'x' })),
      logger,
    })
    await pool.withClient(async () => undefined).catch(() => undefined)
    await expect(pool.withClient(async () => undefined)).rejects.toThrow('no disk')
    await pool.end()
  })

  it('connects to where the server is now', async () => {
    let port = 1
    const pool = createPool({ url: () => `postgresql://someone@127.0.0.1:${port}/tape`, lanes: 1, logger })
    await expect(pool.withClient(async () => undefined)).rejects.toThrow('127.0.0.1:1 ')
    port = 2
    await expect(pool.withClient(async () => undefined)).rejects.toThrow(/ECONNREFUSED 127.0.0.1:2/)
    await pool.end()
  })

  it('refuses an address that is none, without showing it', () => {
    const make = () => createPool({ url: 'postgresql://someone:secret-word@host:port/tape', lanes: 1, logger })
    expect(make).toThrow(ConfigError)
    expect(make).toThrow(/Expected postgresql:\/\/user:password@host:5432\/database/)
    expect(make).not.toThrow(/secret-word/)
  })
})

describe('a connection of its own', () => {
  it('says which database gave none, without the password', async () => {
    const error = await connectClient(NOWHERE).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(WriteError)
    expect((error as WriteError).message).toMatch(/^The database tape at 127.0.0.1:1 gave no connection: .*ECONNREFUSED/)
    expect((error as WriteError).message).not.toContain('secret-word')
    expect(databaseName(NOWHERE)).toBe('tape at 127.0.0.1:1')
  })
})
