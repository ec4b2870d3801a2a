import dns from 'node:dns'
import { once } from 'node:events'
import { connect } from 'node:net'
import { promisify } from 'node:util'

import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { Door } from '../../../../../backtester/gateway/server/door.ts'
import { PATIENTLY } from '../../../../support/waiting.ts'

const NAME = 'localhost'
const lookup = promisify(dns.lookup)

async function openDoor(): Promise<{ door: Door; errors: Error[] }> {
  const errors: Error[] = []
  const door = new Door({ onClient: (socket) => socket.destroy(), onError: (error) => errors.push(error) })
  await door.open(0, NAME)
  onTestFinished(() => void door.shut())
  return { door, errors }
}

/** By the name under which it was opened. */
async function isOpen({ port }: Door): Promise<boolean> {
  const { address } = await lookup(NAME)
  const socket = connect(port, address)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

const opened = (door: Door) => vi.waitFor(async () => expect(await isOpen(door)).toBe(true), PATIENTLY)

describe('the door', () => {
  it('opens again where it was when its host name is not known any more', async () => {
    const { door, errors } = await openDoor()
    const { port } = door
    const { address } = await lookup(NAME)
    const real = dns.lookup
    // What a name server says is the one thing that a test cannot have for real.
    const spy = vi.spyOn(dns, 'lookup').mockImplementation(((name: string, ...rest: unknown[]) => {
      if (name !== NAME) return Reflect.apply(real, dns, [name, ...rest])
      const answer = rest.at(-1) as (error: Error) => void
      process.nextTick(answer, Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }))
    }) as typeof dns.lookup)
    onTestFinished(() => spy.mockRestore())
    const open = door.shut()
    open()
    await vi.waitFor(async () => {
      const socket = connect(port, address)
      await once(socket, 'connect').finally(() => socket.destroy())
    }, PATIENTLY)
    expect([errors, door.port]).toEqual([[], port])
  })

  it('stays shut when it is shut while it opens, and opens when the last one lets go', async () => {
    const { door, errors } = await openDoor()
    const [first, second] = [door.shut(), door.shut()]
    first()
    second()
    const third = door.shut()
    // Behind this look-up, that of the door is over too.
    await lookup(NAME)
    await vi.waitFor(async () => expect(await isOpen(door)).toBe(false), PATIENTLY)
    third()
    await opened(door)
    expect(errors).toEqual([])
  })

  it('opens once when it is let go and shut and let go at one time', async () => {
    const { door, errors } = await openDoor()
    door.shut()()
    door.shut()()
    await opened(door)
    expect(errors).toEqual([])
  })
})
