import { describe, expect, it } from 'vitest'
import { Habit } from '../../../../collector/gaps/habit.ts'

/** Seconds in the order in which they pass: 1 with data, 0 without. */
function habitOf(...runs: (readonly [seconds: number, hadData: 0 | 1])[]): Habit {
  const habit = new Habit()
  for (const [seconds, hadData] of runs) for (let i = 0; i < seconds; i++) habit.second(hadData === 1)
  return habit
}

describe('the patience with a line', () => {
  it('is without end while nothing is known of it', () => {
    expect(new Habit().patienceS).toBe(Number.POSITIVE_INFINITY)
    // What a line sends first is its state.
    expect(habitOf([2, 1], [600, 0]).patienceS).toBe(Number.POSITIVE_INFINITY)
  })

  it('is 15 s for one that has data all the time, after a few seconds already', () => {
    expect(habitOf([3, 1]).patienceS).toBe(30)
    expect(habitOf([4, 1]).patienceS).toBe(15)
    expect(habitOf([600, 1], [30, 0]).patienceS).toBe(15)
  })

  it('is 20 times its usual interval for one that has data now and then', () => {
    const everyTen = habitOf(...Array.from({ length: 60 }, () => [[9, 0] as const, [1, 1] as const]).flat())
    expect(everyTen.patienceS).toBe(200)
  })

  it('does not shrink because an option that is quiet for minutes has a burst of messages', () => {
    // Ten messages in each of three seconds every five minutes are three seconds with data.
    const quiet = habitOf(...Array.from({ length: 24 }, () => [[297, 0] as const, [3, 1] as const]).flat())
    expect(quiet.patienceS).toBeGreaterThan(1900)
  })

  it('is not lost by a quiet start with a burst in it', () => {
    expect(habitOf([2, 1], [60, 0], [3, 1], [40, 0]).patienceS).toBe(Number.POSITIVE_INFINITY)
  })

  it('grows with each false alarm, until the line has had data for a minute', () => {
    const habit = habitOf([10, 1])
    habit.alarmed()
    expect(habit.patienceS).toBe(60)
    habit.alarmed()
    expect(habit.patienceS).toBe(240)
    for (let i = 0; i < 59; i++) habit.second(true)
    expect(habit.patienceS).toBe(240)
    habit.second(true)
    expect(habit.patienceS).toBe(15)
  })

  it('forgets by halves what is long ago', () => {
    const morning = habitOf([7200, 1], ...Array.from({ length: 360 }, () => [[19, 0] as const, [1, 1] as const]).flat())
    expect(morning.patienceS).toBeGreaterThan(100)
  })
})
