/** Enough of a commit's id for people; all of it is in every document. */
export const shortCommit = (commit: string): string => commit.slice(0, 8)
