/**
 * What every transaction sets for itself. Behind a pooler in transaction mode each transaction may run on another backend, where nothing
 * that was set before holds; and what a role brings along (asynchronous commit, a time-out of milliseconds) must not cost rows.
 */

/** Goes in front of the first statement in the same message, so that it costs no round trip. */
export const TRANSACTION_SETTINGS = [
  // An answer to COMMIT means that the rows are on the server's disk.
  'SET LOCAL synchronous_commit = on',
  // A batch waits for locks as long as it takes; the client gives up by itself.
  'SET LOCAL statement_timeout = 0',
  'SET LOCAL lock_timeout = 0',
  // A backend whose client is gone lets go of its locks: a retry of its batch waits for them.
  "SET LOCAL idle_in_transaction_session_timeout = '60s'",
  // Table names are found whatever the role's own path says.
  'SET LOCAL search_path = public',
].join('; ')

export const BEGIN = `BEGIN; ${TRANSACTION_SETTINGS}`

const HOWEVER_LONG = 'SET LOCAL idle_in_transaction_session_timeout = 0'

/** A transaction between whose statements any time may pass, as long as its client lives. */
export const BEGIN_LONG = `${BEGIN}; ${HOWEVER_LONG}`

/** A transaction that reads everything as of one moment, however long it takes. */
export const BEGIN_SNAPSHOT = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${TRANSACTION_SETTINGS}; ${HOWEVER_LONG}`
