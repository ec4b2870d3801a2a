/**
 * How often one thing was refused with "no security definition" (200). IB also says that when its definition server does not answer in
 * time: only three of them, each at a time at which the gateway knew something else, make it final.
 */

const FINAL_AT = 3

export class Refusals {
  #counted = 0
  #noted = 0
  #isNew = false

  /** A refusal came. */
  note(): void {
    this.#noted++
    this.#isNew = true
  }

  /** The gateway knew something else when the last refusal came: it counts. */
  settle(): void {
    if (this.#isNew) this.#counted++
    this.#isNew = false
  }

  /** True from the first refusal to the second. */
  get isFirst(): boolean {
    return this.#noted === 1
  }

  get areFinal(): boolean {
    return this.#counted >= FINAL_AT
  }
}
