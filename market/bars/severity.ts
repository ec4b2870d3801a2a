/** How bad a finding on bars is, and what becomes of them; the same words as for ticks. */

export type Severity = 'info' | 'warning' | 'error'
export type Disposition = 'flag' | 'quarantine'
