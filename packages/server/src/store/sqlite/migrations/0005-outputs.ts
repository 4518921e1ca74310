/** What is told of outputs, and those that are on their way. */
export const OUTPUTS = [
  `ALTER TABLE executions ADD COLUMN notes TEXT NOT NULL DEFAULT '[]'`,
  // What an attempt has made comes home with its end; until then nobody else may see it.
  `CREATE TABLE staged_outputs (
    execution_id TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    executable INTEGER NOT NULL,
    PRIMARY KEY (execution_id, attempt, path)
  ) STRICT, WITHOUT ROWID`,
]
