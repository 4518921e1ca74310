/** What fingerprints are salted with. */
export const SALTS = [
  `CREATE TABLE salts (project TEXT PRIMARY KEY, salt TEXT NOT NULL) STRICT, WITHOUT ROWID`,
]
