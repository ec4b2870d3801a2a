/** A gap that has begun and that no gap record names yet, as the journal keeps it over segments and crashes. */

export interface OpenGap {
  /** The last proof of life before it, microseconds. */
  fromTsUs: number
  cause: string
}

export interface NamedGap extends OpenGap {
  toTsUs: number
}

/** What the record of a gap's begin and the record that names it have in common. */
export function gapKey({ fromTsUs, cause }: { fromTsUs?: number | undefined; cause?: string | undefined }): string {
  return `${fromTsUs} ${cause}`
}
