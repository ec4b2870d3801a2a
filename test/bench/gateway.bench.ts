/**
 * The replay gateway at full speed to one client that only finds the ends of the messages. The limit is the same bytes out of memory:
 * what the sockets and the client leave of the machine.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Part } from '../../backtester/demo/part.ts'
import { writeTape } from '../../db/tape/writer.ts'
import type { Contract } from '../../market/contract.ts'
import type { TapeRecord } from '../../market/tick.ts'
import { contractFields } from '../support/gateway/gateway-tape.ts'
import { seeded } from '../support/random.ts'
import { frameOf, greeting } from '../support/gateway/raw-tws-client.ts'
import { COMMAND } from '../support/process/recording.ts'
import { measure } from './harness.ts'
import { contractOf, INSTRUMENTS } from './quotes.ts'

const QUOTES = 500_000
const START_US = Date.UTC(2014, 5, 5, 13, 30) * 1000
const STEP_US = 1000
const BLOCK = 4096
const STOCK: Contract = { kind: 'stock', symbol: 'TWX', currency: 'USD', primaryVenue: 'NYSE' }

/** Both sides change with each quote, over the options of a chain or on one stock. */
function* walk(contracts: readonly Contract[]): Generator<TapeRecord[]> {
  yield contracts.map((contract, instrument) => ({ kind: 'contract', seq: instrument + 1, tsUs: START_US, instrument, contract }))
  const random = seeded(1)
  const cents = contracts.map((_, i) => 200 + i)
  for (let made = 0; made < QUOTES; ) {
    const records: TapeRecord[] = []
    for (; records.length < BLOCK && made < QUOTES; made++) {
      const instrument = made % contracts.length
      const bid = Math.max(10, (cents[instrument] ?? 0) + (random() < 0.5 ? -1 : 1))
      cents[instrument] = bid
      const size = 1 + Math.floor(random() * 99)
      const prices = { bidPrice: bid / 100, askPrice: (bid + 2) / 100, bidSize: size, askSize: size }
      records.push({ kind: 'quote', seq: contracts.length + made + 1, tsUs: START_US + made * STEP_US, instrument, ...prices })
    }
    yield records
  }
}

const chain = Array.from({ length: INSTRUMENTS }, (_, i) => contractOf(i))
const WAYS = [
  { title: `${INSTRUMENTS} market-data lines, two messages a quote`, contracts: chain, requestOf: marketData },
  { title: 'one line of tick-by-tick quotes, one message each', contracts: [STOCK], requestOf: tickByTick },
]

for (const { title, contracts, requestOf } of WAYS) {
  let folder: string | undefined
  let tape = ''
  let bytes = ''
  measure({
    title: `gateway to one client, ${title}`,
    unit: 'messages/s',
    limit: 'the same bytes out of memory',
    round: async () => {
      if (!folder) {
        folder = await mkdtemp(join(tmpdir(), 'tapedeck-bench-'))
        tape = join(folder, 'walk.tape')
        bytes = join(folder, 'served')
        await writeTape(tape, { source: 'import' }, walk(contracts))
      }
      const served = await serve(tape, contracts.map(requestOf))
      await writeFile(bytes, served.received)
      const limit = await resend(bytes)
      return { ours: served.messages / served.seconds, limit: limit.messages / limit.seconds, more: { messages: served.messages } }
    },
    cleanUp: async () => {
      if (folder) await rm(folder, { recursive: true, force: true })
    },
  })
}

function marketData(contract: Contract, i: number): Buffer {
  return frameOf([1, 11, i, ...contractFields(contract), 0, '', 0, 0, ''])
}

function tickByTick(contract: Contract, i: number): Buffer {
  return frameOf([97, i, ...contractFields(contract), 'BidAsk', 0, 0])
}

async function serve(tape: string, requests: readonly Buffer[]) {
  const limits = ['--lines', '200', '--message-rate', '0', '--sampling', 'off']
  const args = ['gateway', '--tape', tape, '--port', '0', '--speed', 'max', '--rate', 'off', '--once', '--json', ...limits]
  const gateway = new Part('gateway', COMMAND, [...args, '--start-after-lines', String(requests.length)])
  try {
    const { port } = await gateway.event<{ port: number }>('listening')
    return await receive(port, Buffer.concat([greeting('v100..193'), frameOf([71, 2, 1, '']), ...requests]))
  } finally {
    gateway.kill('SIGKILL')
  }
}

/** A process that does nothing but send what it has read beforehand. */
const SENDER = `
  const bytes = require('node:fs').readFileSync(process.argv[1])
  const server = require('node:net').createServer((socket) => {
    let at = 0
    const send = () => { while (at < bytes.length) if (!socket.write(bytes.subarray(at, (at += 65536)))) return; socket.end() }
    socket.on('drain', send).once('data', send)
  }).listen(0, '127.0.0.1', () => console.log(JSON.stringify({ event: 'listening', port: server.address().port })))
`

async function resend(bytes: string) {
  const sender = new Part('sender', [process.execPath, '-e'], [SENDER, bytes])
  try {
    const { port } = await sender.event<{ port: number }>('listening')
    return await receive(port, Buffer.from('go'))
  } finally {
    sender.kill('SIGKILL')
  }
}

/** Counts messages until the other side closes, or its last one has come; seconds run from the first bytes behind the greeting. */
function receive(port: number, hello: Buffer): Promise<{ messages: number; seconds: number; received: Buffer }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let [messages, firstMs, lastMs, skip] = [0, 0, 0, 0]
    let rest: Buffer = Buffer.alloc(0)
    const socket = connect(port, '127.0.0.1', () => socket.write(hello)).setNoDelay(true)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      let at = skip
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
      while (at + 4 <= bytes.length) {
        at += 4 + bytes.readUInt32BE(at)
        messages++
      }
      rest = at < bytes.length ? bytes.subarray(at) : Buffer.alloc(0)
      skip = Math.max(0, at - bytes.length)
      lastMs = performance.now()
      firstMs ||= lastMs
    })
    socket.on('close', () => resolve({ messages, seconds: (lastMs - firstMs) / 1000, received: Buffer.concat(chunks) }))
  })
}
