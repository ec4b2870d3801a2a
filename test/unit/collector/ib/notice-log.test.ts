import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NoticeLog } from '../../../../collector/ib/notice-log.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function noticeLog() {
  const logged: string[] = []
  const counted: string[] = []
  const log = new NoticeLog({
    log: (code, text, repeated) => logged.push(`${code} ${text}${repeated ? ` +${repeated}` : ''}`),
    onRepeated: (code, text) => counted.push(`${code} ${text}`),
  })
  return { log, logged, counted }
}

describe('the log of notices', () => {
  it('has the first of each kind at once, and when it is over how often it was repeated', () => {
    const { log, logged } = noticeLog()
    for (let i = 0; i < 1000; i++) log.take(399, `warning about order ${i}`)
    log.take(2104, 'Market data farm connection is OK:usfarm')
    log.take(2104, 'Market data farm connection is OK:usopt')
    expect(logged.splice(0)).toEqual([
      '399 warning about order 0',
      '2104 Market data farm connection is OK:usfarm',
      '2104 Market data farm connection is OK:usopt',
    ])
    vi.advanceTimersByTime(59_999)
    expect(logged).toEqual([])
    vi.advanceTimersByTime(1)
    expect(logged.splice(0)).toEqual(['399 warning about order 999 +999'])
  })

  it('has two lines of what repeats for a whole night: when it begins, and a minute after it ends', () => {
    const { log, logged } = noticeLog()
    for (let i = 0; i < 8 * 120; i++) {
      log.take(1100, 'lost')
      vi.advanceTimersByTime(30_000)
    }
    expect(logged).toEqual(['1100 lost'])
    vi.advanceTimersByTime(30_000)
    expect(logged).toEqual(['1100 lost', '1100 lost +959'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('has one whose words change at once', () => {
    const { log, logged } = noticeLog()
    for (const farm of ['usfarm', 'usfarm', 'usopt', 'usfarm']) log.take(2103, `Market data farm connection is broken:${farm}`)
    expect(logged).toEqual(['2103 Market data farm connection is broken:usfarm', '2103 Market data farm connection is broken:usopt'])
  })

  it('has one that comes again after a quiet minute as if it were the first', () => {
    const { log, logged } = noticeLog()
    log.take(1100, 'lost')
    vi.advanceTimersByTime(60_000)
    log.take(1100, 'lost')
    expect(logged).toEqual(['1100 lost', '1100 lost'])
    expect(vi.getTimerCount()).toBe(1)
  })

  it('tells codes apart that have the same text', () => {
    const { log, logged } = noticeLog()
    log.take(1, 'the same')
    log.take(2, 'the same')
    expect(logged).toEqual(['1 the same', '2 the same'])
  })

  it('is bounded, though no two notices are alike', () => {
    const { log, logged } = noticeLog()
    const word = (i: number) => String(i).replaceAll(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '')
    for (let i = 0; i < 10_000; i++) log.take(399, word(i))
    expect(logged).toHaveLength(101)
    vi.advanceTimersByTime(60_000)
    expect(logged.slice(101)).toEqual(['399 jjjj +9899'])
  })

  it('says at the end what it has counted, and leaves no timer', () => {
    const { log, logged, counted } = noticeLog()
    for (const text of ['a', 'b', 'b']) log.take(1, text)
    log.stop()
    expect(counted).toEqual(['1 b'])
    expect(logged).toEqual(['1 a', '1 b', '1 b +1'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
