/** What tests ask of gaps whose subject is not the start of a recording. */

/** For `FROM`. Every line is missing until it opens, and every chain until it is found: that is named, and no fault. */
export const GAPS_BEHIND_START = "(SELECT * FROM feed_gaps WHERE cause NOT IN ('not-open-yet', 'not-found-yet')) AS gaps_behind_start"
