/** Sizes as people write them: `64MiB`, `1.5 GB`, `4096`. */

const UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
}

/** Returns the size in bytes; undefined when `value` is not a size, or not a whole number of bytes. */
export function parseSize(value: number | string): number | undefined {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmg]?i?b)?$/i.exec(String(value).trim()) ?? []
  const factor = UNITS[unit.toLowerCase()]
  const bytes = amount === '' || factor === undefined ? Number.NaN : Number(amount) * factor
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** The size in the largest unit of which it is a whole number: `64MiB`, `4097`. */
export function formatSize(bytes: number): string {
  const unit = ['GiB', 'MiB', 'KiB'].find((unit) => bytes > 0 && bytes % factorOf(unit) === 0) ?? ''
  return `${bytes / factorOf(unit)}${unit}`
}

const factorOf = (unit: string) => UNITS[unit.toLowerCase()] ?? 1
