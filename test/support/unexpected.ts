/** A callback that must not be called. */
export function unexpected(...found: unknown[]): never {
  throw new Error(`called unexpectedly with ${found.map(String).join(', ')}`)
}
