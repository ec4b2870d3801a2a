/** What keeps lines silent: they are open and get nothing. What has happened meanwhile and still stands they get when it is over. */

import type { ListedContract } from '../contracts/contracts.ts'
import type { LineFeed } from './channel.ts'

export interface Mute {
  /** True for a line that is to get nothing. `line` is the line itself: an object of the book. */
  silences(listed: ListedContract, feed: LineFeed, line: object): boolean
}
