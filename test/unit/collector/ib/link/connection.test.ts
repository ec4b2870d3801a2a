import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  Connection,
  CONNECTION_STATES,
  CONNECTION_TRANSITIONS,
  type ConnectionStatus,
  isConnected,
} from '../../../../../collector/ib/link/connection.ts'
import { packageRoot } from '../../../../../system/package-root.ts'

function watched() {
  const seen: ConnectionStatus[] = []
  const connection = new Connection({ onChange: (status) => seen.push(status) })
  return { connection, seen: () => seen.splice(0) }
}

/** A connection that is ready. */
function ready() {
  const all = watched()
  all.connection.attempt()
  all.connection.opened()
  all.connection.greeted()
  all.seen()
  return all
}

describe('the connection', () => {
  it('goes through its states from the first attempt to the stop', () => {
    const { connection, seen } = watched()
    expect(connection.status).toEqual({ state: 'connecting', reasons: [] })
    connection.attempt()
    connection.opened()
    connection.greeted()
    connection.lost('closed')
    connection.attempt()
    connection.lost('refused')
    connection.stopped()
    connection.stopped()

    expect(seen()).toEqual([
      { state: 'handshaking', reasons: [] },
      { state: 'ready', reasons: [] },
      { state: 'waiting', reasons: ['closed'] },
      { state: 'connecting', reasons: [] },
      { state: 'waiting', reasons: ['refused'] },
      { state: 'stopped', reasons: [] },
    ])
  })

  it('is degraded while one thing or another keeps data away, and says which', () => {
    const { connection, seen } = ready()
    connection.trouble('ib', 'IB is away')
    connection.trouble('farm', 'usopt is broken')
    connection.trouble('farm', 'usopt is broken')
    connection.over('ib')
    connection.over('ib')
    connection.over('farm')

    expect(seen()).toEqual([
      { state: 'degraded', reasons: ['IB is away'] },
      { state: 'degraded', reasons: ['IB is away', 'usopt is broken'] },
      { state: 'degraded', reasons: ['usopt is broken'] },
      { state: 'ready', reasons: [] },
    ])
  })

  it('is paused while another session has the data, whatever else is wrong', () => {
    const { connection, seen } = ready()
    connection.trouble('farm', 'usopt is broken')
    connection.competing('No market data during competing live session')
    connection.competing('No market data during competing live session')
    connection.competing(undefined)
    connection.over('farm')

    expect(seen()).toEqual([
      { state: 'degraded', reasons: ['usopt is broken'] },
      { state: 'paused', reasons: ['No market data during competing live session', 'usopt is broken'] },
      { state: 'degraded', reasons: ['usopt is broken'] },
      { state: 'ready', reasons: [] },
    ])
  })

  it('keeps what was said during the handshake, and nothing of it beyond the end of the connection', () => {
    const { connection, seen } = watched()
    connection.opened()
    connection.trouble('ib', 'IB is away')
    expect(seen()).toEqual([{ state: 'handshaking', reasons: [] }])
    connection.greeted()
    expect(seen().at(-1)).toEqual({ state: 'degraded', reasons: ['IB is away'] })
    connection.lost('closed')
    connection.attempt()
    connection.opened()
    connection.greeted()
    expect(seen().at(-1)).toEqual({ state: 'ready', reasons: [] })
  })

  it('throws at a step that the table does not have, and reports it where it must not', () => {
    expect(() => watched().connection.greeted()).toThrow('cannot greet from connecting')
    const errors: string[] = []
    const connection = new Connection({ onImpossible: (error) => errors.push(error.message) })
    connection.greeted()
    expect(errors).toEqual(['The connection cannot greet from connecting.'])
    expect(connection.state).toBe('connecting')
  })
})

describe('the table of the connection', () => {
  it('is the diagram of the documentation', () => {
    const page = readFileSync(join(packageRoot(), 'docs/connection.md'), 'utf8')
    const drawn = [...page.matchAll(/^ {2}(\w+) --> (\w+): (\w+)$/gm)].map(([, from, to, event]) => `${from} ${event} ${to}`)
    const stated = Object.entries(CONNECTION_TRANSITIONS).flatMap(([from, events]) =>
      Object.entries(events).map(([event, to]) => `${from} ${event} ${to}`),
    )
    expect(drawn.sort()).toEqual(stated.sort())
    for (const state of CONNECTION_STATES) expect(page).toContain(`\n| \`${state}\` |`)
  })

  it('leads from every state to the stop, and connects only by way of a handshake', () => {
    expect(CONNECTION_STATES.filter((state) => CONNECTION_TRANSITIONS[state].stop !== 'stopped')).toEqual(['stopped'])
    const leadingIn = CONNECTION_STATES.filter(
      (state) => !isConnected(state) && Object.values(CONNECTION_TRANSITIONS[state]).some(isConnected),
    )
    expect(leadingIn).toEqual(['handshaking'])
  })
})
