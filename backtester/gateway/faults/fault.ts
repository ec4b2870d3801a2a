/** The shape of a kind of fault, and what a fault may touch. A new kind is one file in kinds/ and one line in kinds/index.ts. */

import type { Socket } from 'node:net'
import type { z } from 'zod'

import type { Sampler } from '../book/sampler.ts'
import type { ContractBook } from '../contracts/contracts.ts'
import type { ClientSession } from '../server/client-session.ts'
import type { LineAllowance } from '../server/line-allowance.ts'

/** The running gateway, as faults see it. */
export interface Stage {
  readonly sampler: Sampler
  readonly contracts: ContractBook
  readonly allowance: LineAllowance
  /** Tape time. */
  readonly nowUs: number
  /** Clients that have started the API; with an id, only the one that has it. */
  clients(clientId?: number): ClientSession[]
  /** Ends every connection and refuses new ones until what is returned was called. */
  shutDoor(): () => void
  /** To be called when the next fault on the tape's clock is due at another time than before. */
  replanned(): void
}

/** A fault that has begun and is not over. */
export interface Running {
  end(): void
  /** The gateway stops before it is over. Absent: as `end`. */
  stop?(): void
  /** Sees each new connection first. True when it has taken it over. */
  connected?(socket: Socket): boolean
  /**
   * Sees each request first, under the name of its handler. True when it needs no other answer; `answer` answers it later.
   *
   * @throws RequestError when the answer is an error message.
   */
  asked?(name: string, request: object, answer: () => void): boolean
}

export interface FaultKind<T extends object = object> {
  /** What a script calls it. */
  readonly name: string
  /** Its fields, beside those that say when (trigger.ts). `tapeSeconds` or `seconds` among them is how long it lasts. */
  readonly fields: Readonly<Record<string, z.ZodType>>
  /** For the log: `silence of usopt`. */
  describe(fault: T): string
  /** Returns what is wrong with the fields as a whole, as the end of a sentence that begins with "expected". */
  check?(fault: T): string | undefined
  /** The lines that the script names, to be compared with what is served. */
  of?(fault: T): readonly string[]
  /** Returns undefined when it is over at once. */
  begin(fault: T, stage: Stage): Running | undefined
}
