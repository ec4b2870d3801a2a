/** A gap: time without data that should have had some. What the ledger, the recorder and the journal say of it in common. */

/** From the last proof of life on. */
export interface GapStart {
  fromTsUs: number
  cause: string
}

export interface Gap extends GapStart {
  toTsUs: number
  /** Absent: of every line. */
  instrument?: number
  droppedTicks?: number
}

/** What the record of a gap's begin and the gap record that names it have in common. */
export function gapKey({ fromTsUs, cause }: { fromTsUs?: number | undefined; cause?: string | undefined }): string {
  return `${fromTsUs} ${cause}`
}
