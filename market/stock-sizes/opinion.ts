/**
 * In which unit one group of sizes is, as far as findings say: undecided -> shares or lots with the first finding -> the other one, when
 * findings against it follow each other. What a comparison says weighs more than a pattern; a single finding may come from the moment in
 * which the user changed the setting.
 */

export interface UnitFinding {
  unit: 'shares' | 'lots'
  by: 'pattern' | 'comparison'
  evidence: string
}

/** Findings in a row that speak against what is known. */
const AGAINST = 2
const PATTERNS_AGAINST_COMPARISON = 6

export class Opinion {
  #known: UnitFinding | undefined
  #against = 0

  get known(): UnitFinding | undefined {
    return this.#known
  }

  /** Returns true when the unit is another one than before. */
  take(finding: UnitFinding): boolean {
    const known = this.#known
    if (known?.unit === finding.unit) {
      this.#against = 0
      if (finding.by === 'comparison') this.#known = finding
      return false
    }
    this.#against++
    if (known && this.#against < needed(known, finding)) return false
    this.#known = finding
    this.#against = 0
    return true
  }

  /** A comparison does not fit what is known any more: patterns decide again. */
  weaken(): void {
    if (this.#known) this.#known = { ...this.#known, by: 'pattern' }
  }
}

function needed(known: UnitFinding, finding: UnitFinding): number {
  if (known.by === finding.by) return AGAINST
  return known.by === 'pattern' ? 1 : PATTERNS_AGAINST_COMPARISON
}
