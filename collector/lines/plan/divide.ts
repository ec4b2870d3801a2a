/**
 * Divides what is wanted over several connections. Pure: the same wishes and the same division before give the same division.
 *
 * Each contract has a home, and is held there while that connection is up. While it is down its contracts are with the others, each where
 * it was put first, and when it is up again they go home. A contract keeps its home for as long as it is wanted, unless that connection
 * has fewer lines than was thought: then what is last there moves to where there are lines. Nothing else moves.
 *
 * What belongs together (an underlying with its options, an expiry, both rights of a strike) gets one home where there is room for it,
 * and is divided into its parts where there is none; the smallest parts, such as both rights of a strike, always stay together. Room is
 * the lines of a connection, or its share of the contracts and a little more where there are more contracts than lines.
 */

/** Instruments that stay together, and larger parts of the same that may be parted from them. */
export interface Group {
  instruments: readonly number[]
  parts?: readonly Group[]
}

export interface DividedConnection {
  name: string
  /** Market-data lines that it has, as far as is known. */
  lines: number
  isUp: boolean
}

/** Names of connections, by instrument. */
export interface Division {
  home: ReadonlyMap<number, string>
  /** Where its line is held, or would be. */
  at: ReadonlyMap<number, string>
}

export const UNDIVIDED: Division = { home: new Map(), at: new Map() }

/** A connection may be given so many times its share, so that less is parted ... */
const SLACK = 1.2
/** ... and keeps so many times its share. */
const MOST = 1.5

/** @param connections not empty */
export function divide(groups: readonly Group[], connections: readonly DividedConnection[], before: Division): Division {
  const wanted = new Set(groups.flatMap(instrumentsOf))
  const names = new Set(connections.map(({ name }) => name))
  const home = kept(wanted, before.home, (name) => names.has(name))
  makeRoom(groups, connections, home, wanted.size)
  place(groups, connections, home, wanted.size)
  const up = connections.filter(({ isUp }) => isUp)
  // With all of them down there is nowhere to go.
  if (up.length === 0) {
    const at = kept(wanted, before.at, (name) => names.has(name))
    for (const [instrument, name] of home) if (!at.has(instrument)) at.set(instrument, name)
    return { home, at }
  }
  const upNames = new Set(up.map(({ name }) => name))
  const at = kept(wanted, home, (name) => upNames.has(name))
  for (const [instrument, name] of before.at)
    if (wanted.has(instrument) && !at.has(instrument) && upNames.has(name)) at.set(instrument, name)
  place(groups, up, at, wanted.size)
  return { home, at }
}

/** Every contract of a group. */
export function instrumentsOf({ instruments, parts = [] }: Group): number[] {
  return [...instruments, ...parts.flatMap(instrumentsOf)]
}

function kept(wanted: ReadonlySet<number>, before: ReadonlyMap<number, string>, isKept: (name: string) => boolean): Map<number, string> {
  return new Map([...before].filter(([instrument, name]) => wanted.has(instrument) && isKept(name)))
}

/** How many contracts a connection may have. Where there are lines for all, none has more than its lines. */
function roomOf(lines: number, connections: readonly DividedConnection[], total: number, slack: number): number {
  const all = connections.reduce((sum, one) => sum + one.lines, 0)
  return total > all ? ((total * lines) / all) * slack : lines
}

/** Takes from a connection what is last of what it has no room for. */
function makeRoom(groups: readonly Group[], connections: readonly DividedConnection[], home: Map<number, string>, total: number): void {
  for (const { name, lines } of connections) {
    let held = [...home.values()].filter((other) => other === name).length
    if (held <= roomOf(lines, connections, total, MOST)) continue
    const most = roomOf(lines, connections, total, SLACK)
    for (const instruments of smallestOf(groups).toReversed()) {
      if (held <= most) break
      for (const instrument of instruments) if (home.get(instrument) === name && home.delete(instrument)) held--
    }
  }
}

/** What is never parted, the least important last. */
function smallestOf(groups: readonly Group[]): (readonly number[])[] {
  return groups.flatMap(({ instruments, parts = [] }) => [instruments, ...smallestOf(parts)])
}

/** Puts what has no place yet. */
function place(groups: readonly Group[], connections: readonly DividedConnection[], places: Map<number, string>, total: number): void {
  const room = new Map(connections.map(({ name, lines }) => [name, roomOf(lines, connections, total, SLACK)]))
  joinPlaced(groups, places)
  const take = (name: string, instruments: number) => room.set(name, (room.get(name) ?? 0) - instruments)
  for (const name of places.values()) take(name, 1)
  const put = (group: Group): void => {
    const { instruments, parts = [] } = group
    const all = instrumentsOf(group)
    const missing = all.filter((instrument) => !places.has(instrument))
    if (missing.length === 0) return
    const isWhole = parts.length === 0
    const name = preferred(all, places, room, isWhole ? Number.NEGATIVE_INFINITY : missing.length)
    if (name !== undefined) {
      for (const instrument of missing) places.set(instrument, name)
      take(name, missing.length)
      return
    }
    if (instruments.length > 0) put({ instruments })
    for (const part of largestFirst(parts, places)) put(part)
  }
  for (const group of largestFirst(groups, places)) put(group)
}

/** What is listed later stays with what it must not be parted from, whatever room there is. */
function joinPlaced(groups: readonly Group[], places: Map<number, string>): void {
  for (const { instruments, parts = [] } of groups) {
    const name = instruments.map((instrument) => places.get(instrument)).find((one) => one !== undefined)
    if (name !== undefined) for (const instrument of instruments) if (!places.has(instrument)) places.set(instrument, name)
    joinPlaced(parts, places)
  }
}

/** Where most of the group is already, else where there is most room; undefined when there is not enough. */
function preferred(
  instruments: readonly number[],
  places: ReadonlyMap<number, string>,
  room: ReadonlyMap<string, number>,
  needed: number,
): string | undefined {
  const here = new Map<string, number>()
  for (const instrument of instruments) {
    const name = places.get(instrument)
    if (name !== undefined) here.set(name, (here.get(name) ?? 0) + 1)
  }
  const isEnough = ([name]: readonly [string, number]) => (room.get(name) ?? 0) >= needed
  return ([...here].sort(mostFirst).find(isEnough) ?? [...room].sort(mostFirst).find(isEnough))?.[0]
}

const mostFirst = ([, a]: readonly [string, number], [, b]: readonly [string, number]) => b - a

/** By what has no place yet. */
function largestFirst(groups: readonly Group[], places: ReadonlyMap<number, string>): readonly Group[] {
  if (groups.length < 2) return groups
  const sized = groups.map((group) => ({ group, size: instrumentsOf(group).filter((instrument) => !places.has(instrument)).length }))
  return sized.sort((a, b) => b.size - a.size).map(({ group }) => group)
}
