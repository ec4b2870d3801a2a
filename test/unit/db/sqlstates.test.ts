import pg from 'pg'
import { describe, expect, it } from 'vitest'

import { isRowRefusal, messageOf, writeErrorOf } from '../../../db/sqlstates.ts'
import { FeedError, WriteError } from '../../../market/errors.ts'

function answer(code: string, message = 'so it is'): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(message, 0, 'error'), { code })
}

describe('what a failure of the database means', () => {
  it.each(['22021', '22P05', '22003', '23514', '23505', '44000', '54000', 'P0001'])('%s blames the row', (code) => {
    expect(isRowRefusal(answer(code))).toBe(true)
  })

  it.each(['08006', '53100', '57P01', '40P01', '42P01', '42501', 'XX001'])('%s does not blame the row', (code) => {
    expect(isRowRefusal(answer(code))).toBe(false)
  })

  it.each(['08006', '53100', '53300', '57P01', '57014', '40001', '40P01', '55P03', '58030', '25006'])('%s passes by itself', (code) => {
    expect(writeErrorOf(answer(code), 'did not take it')).toMatchObject({ retryable: true, code: 'database-busy' })
  })

  it.each([
    ['28P01', 'user and password'],
    ['3D000', 'Create the database'],
    ['42501', 'Grant the role'],
    ['42P01', 'tapedeck db migrate'],
    ['XX001', "server's log"],
  ])('%s needs somebody to act', (code, advice) => {
    const error = writeErrorOf(answer(code), 'did not take it')
    expect(error).toMatchObject({ retryable: false, code: 'database-refused' })
    expect(error.message).toBe(`The database did not take it: so it is (SQLSTATE ${code}). ${error.message.split('). ')[1]}`)
    expect(error.message).toContain(advice)
  })

  it('says how an extension is loaded that the server does not load', () => {
    expect(writeErrorOf(answer('XX000', 'extension "timescaledb" must be preloaded'), 'cannot be made ready').message).toBe(
      'The database cannot be made ready: extension "timescaledb" must be preloaded (SQLSTATE XX000). ' +
        "Add timescaledb to shared_preload_libraries in the server's configuration, and restart the server.",
    )
  })

  it('takes a failure without an answer for one of the connection', () => {
    const refused = Object.assign(
      new AggregateError([new Error('connect ECONNREFUSED ::1:1'), new Error('connect ECONNREFUSED 127.0.0.1:1')]),
      { code: 'ECONNREFUSED' },
    )
    expect(writeErrorOf(refused, 'did not take it')).toMatchObject({ retryable: true, code: 'database-unreachable' })
    expect(messageOf(refused)).toBe('connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1')
  })

  it('leaves what is no failure of the database as it is', () => {
    const known = new WriteError('x', { code: 'y' })
    expect(writeErrorOf(known, 'did not take it')).toBe(known)
    expect(() => writeErrorOf(new TypeError('a bug'), 'did not take it')).toThrow(TypeError)
    expect(() => writeErrorOf(new FeedError('damaged', { code: 'tape-corrupt' }), 'did not take it')).toThrow(FeedError)
  })
})
