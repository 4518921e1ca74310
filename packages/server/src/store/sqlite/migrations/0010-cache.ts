/** What is asked of the cache. */
export const CACHE = [
  'ALTER TABLE executions ADD COLUMN cache TEXT',
  'ALTER TABLE executions ADD COLUMN environment TEXT',
  `ALTER TABLE runners ADD COLUMN environments TEXT NOT NULL DEFAULT '[]'`,
  `CREATE TABLE cache_calls (
    execution_id TEXT PRIMARY KEY REFERENCES executions (id) ON DELETE CASCADE,
    project TEXT NOT NULL,
    script TEXT NOT NULL,
    args_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX cache_calls_latest ON cache_calls (project, script, created_at)',
  'CREATE INDEX cache_calls_args ON cache_calls (project, script, args_hash, created_at)',
]
