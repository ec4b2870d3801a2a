/** What the tests of golden bytes share: the server versions at whose edges messages change, and frames put together by hand. */

/** The edges of what changed between the server versions that clients settle on. */
export const VERSIONS = [166, 173, 176, 177, 178, 181, 182, 185, 186, 191, 192, 193]
/** The bytes, or those from a server version on. */
export type Golden = string | Readonly<Record<number, string>>

export function at(version: number, golden: Golden): string {
  if (typeof golden === 'string') return golden
  const from = Object.keys(golden).map(Number)
  return golden[Math.max(...from.filter((known) => known <= version))] ?? 'no bytes for this version'
}

/** A frame with its length, put together by hand. */
export function frame(golden: string): Buffer {
  const content = Buffer.from(golden.replaceAll('|', '\0'), 'latin1')
  return Buffer.concat([Buffer.from([0, 0, content.length >> 8, content.length & 255]), content])
}
