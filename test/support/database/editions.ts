/** The editions of the database that tests run on. Imported by what starts them, and by tests: neither may import the other's runner. */

/** Name of the edition that is always there: what needs a database, but not each kind of it, is tested at length there only. */
export const EMBEDDED = 'the embedded server'

/** A server to make databases on, or why there is none. */
export type EditionAtHand = { name: string; url: string } | { name: string; unavailable: string }
