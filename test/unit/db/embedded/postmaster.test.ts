import { describe, expect, it } from 'vitest'
import { mayServe, parsePidFile } from '../../../../db/embedded/postmaster.ts'

const data = '/home/a b/tapedeck/postgres/data'

describe('parsePidFile', () => {
  it('reads the port and the status of a server that is ready', () => {
    const text = `4567\n${data}\n1795000000\n25264\n\n127.0.0.1\n  2292138        54\nready   \n`
    expect(parsePidFile(text)).toMatchObject({ pid: 4567, port: 25264, status: 'ready' })
  })

  it('reads a file that the server has only begun to write', () => {
    expect(parsePidFile(`4567\n${data}\n`)).toMatchObject({ pid: 4567, port: undefined, status: '' })
  })

  it.each(['', '\n', 'garbage\n', '0\n'])('takes %j for no server', (text) => {
    expect(parsePidFile(text)).toBeUndefined()
  })
})

describe('mayServe', () => {
  it.each([
    ['our own start', ['/usr/lib/postgresql/15/bin/postgres', '-D', data, '-c', 'port=1'], true],
    ['one line of ps', [`/opt/my programs/postgres -D ${data} -c port=1`], true],
    ['a start by hand that names no folder', ['postgres'], true],
    ['the server of another folder', ['/usr/lib/postgresql/15/bin/postgres', '-D', '/var/lib/postgresql/15/main'], false],
    ['the server of another folder, as one line', ['/usr/bin/postgres -D /var/lib/postgresql/15/main'], false],
    ['a backend', ['postgres: tapedeck tapedeck 127.0.0.1(4711) idle'], false],
    ['another program, though it names our folder', ['tail', '-f', `${data}/log`], false],
    ['nothing', [], false],
  ])('judges %s', (_, args, expected) => {
    expect(mayServe(args, data)).toBe(expected)
  })
})
