import { expect, it } from 'vitest'

import { Window } from '../../../../market/indicators/window.ts'

it.each([1, 2, 3, 7])('keeps the last %i values of a series in their order', (length) => {
  const series = Array.from({ length: 20 }, (_, i) => (i * 7919) % 101)
  const window = new Window(length)
  for (const [i, value] of series.entries()) {
    const kept = series.slice(Math.max(0, i + 1 - length), i + 1)
    expect(window.push(value)).toBe(i < length ? undefined : series[i - length])
    expect(window.full).toBe(i + 1 >= length)
    expect(Array.from({ length: window.length }, (_, by) => window.back(by)).toReversed()).toEqual(kept)
    expect(window.oldest).toBe(kept[0])
    expect([window.sum(), window.max(), window.min()]).toEqual([kept.reduce((sum, one) => sum + one), Math.max(...kept), Math.min(...kept)])
    expect(window.sumOf((one) => one * 2)).toBe(2 * window.sum())
    expect(window.squares(3)).toBe(kept.reduce((sum, one) => sum + (one - 3) ** 2, 0))
  }
})
