/** What executions ask of runners, and how far they are. */
export const NEEDS = [
  ...[
    'image TEXT',
    'network TEXT',
    'cpus REAL',
    'memory_mib INTEGER',
    'pids INTEGER',
    'disk_mib INTEGER',
  ].map((column) => `ALTER TABLE executions ADD COLUMN ${column}`),
  'ALTER TABLE executions ADD COLUMN progress TEXT',
  'ALTER TABLE executions ADD COLUMN phases TEXT',
  'ALTER TABLE runners ADD COLUMN pool_stats TEXT',
  // With all that decides who can take an execution, so that a claim passes by what does not fit without reading it.
  'DROP INDEX executions_queue',
  `CREATE INDEX executions_queue ON executions (project, pool, created_at, id, runtime, wanted_executor, image, network,
    cpus, memory_mib, pids, disk_mib, attempt) WHERE status = 'queued'`,
]
