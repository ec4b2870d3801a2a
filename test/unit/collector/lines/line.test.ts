import { describe, expect, it } from 'vitest'
import { Line, noLines } from '../../../../collector/lines/line.ts'
import { LineTable } from '../../../../collector/lines/line-table.ts'
import { lines } from './lines-support.ts'

function oneLine() {
  const counts = noLines()
  counts.idle = 1
  return { line: new Line(lines(1)[0] ?? expect.unreachable(), 0), counts }
}

describe('the state of a line', () => {
  it('goes where the table says, and is counted there', () => {
    const { line, counts } = oneLine()
    for (const event of ['enqueue', 'send', 'answer', 'pause', 'straggle', 'enqueue', 'send', 'refuse'] as const) line.move(event, counts)
    expect(line.state).toBe('refused')
    expect(counts).toEqual({ ...noLines(), refused: 1 })
  })

  it.each([
    ['idle', [], 'answer'],
    ['idle', [], 'send'],
    ['queued', ['enqueue'], 'answer'],
    ['queued', ['enqueue'], 'straggle'],
    ['asked', ['enqueue', 'send'], 'send'],
    ['open', ['enqueue', 'send', 'answer'], 'enqueue'],
    ['paused', ['enqueue', 'send', 'pause'], 'answer'],
    ['no-line', ['enqueue', 'send', 'full'], 'refuse'],
    ['refused', ['enqueue', 'send', 'refuse'], 'answer'],
  ] as const)('%s cannot be left by what is impossible there, and says so', (state, way, impossible) => {
    const { line, counts } = oneLine()
    for (const event of way) line.move(event, counts)
    expect(() => line.move(impossible, counts)).toThrow(`A line cannot ${impossible} from ${state} (S1, market data).`)
    expect(line.state).toBe(state)
    expect(counts).toEqual({ ...noLines(), [state]: 1 })
  })
})

it('an impossible step of a line is reported, and leaves it as it was', () => {
  const impossible: string[] = []
  const table = new LineTable({ onReleased: () => undefined, onImpossible: ({ message }) => impossible.push(message) })
  const line = table.add(lines(1)[0] ?? expect.unreachable())
  expect(table.move(line, 'answer')).toBe(false)
  expect(table.move(line, 'enqueue')).toBe(true)
  expect(impossible).toEqual([expect.stringContaining('cannot answer from idle')])
  expect(table.marketData).toEqual({ ...noLines(), queued: 1 })
})
