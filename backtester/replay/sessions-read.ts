/** Which sessions were read, for the summaries of a replay and of an export. */

/** What was read: its number when it was one session, and how many there were. */
export interface SessionsRead {
  sessionId?: number
  sessions: number
}

export function sessionsRead(sessions: readonly { sessionId: number }[]): SessionsRead {
  const [first, second] = sessions
  return { ...(first && !second && { sessionId: first.sessionId }), sessions: sessions.length }
}
