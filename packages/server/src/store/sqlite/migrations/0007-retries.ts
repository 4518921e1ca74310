/** Attempts that are followed by others, and priorities. */
export const RETRIES = [
  'ALTER TABLE executions ADD COLUMN priority INTEGER NOT NULL DEFAULT 0',
  // Until when a queued execution is left alone. A claim clears it once it is due, so that the queue has only what is.
  'ALTER TABLE executions ADD COLUMN not_before INTEGER',
  // Since when it could be claimed, where that is not since it was submitted.
  'ALTER TABLE executions ADD COLUMN queued_at INTEGER',
  'ALTER TABLE executions ADD COLUMN retry_of TEXT',
  'DROP INDEX executions_queue',
  `CREATE INDEX executions_queue ON executions (project, pool, priority DESC, created_at, id, lane, runtime,
    wanted_executor, image, network, cpus, memory_mib, pids, disk_mib, attempt, not_before) WHERE status = 'queued' AND not_before IS NULL`,
  `CREATE INDEX executions_put_off ON executions (project, pool, not_before)
    WHERE status = 'queued' AND not_before IS NOT NULL`,
  ...[
    'cause TEXT',
    'exit_code INTEGER',
    'signal TEXT',
    'message TEXT',
    'usage TEXT',
    'cost_microns INTEGER',
    'memory_mib INTEGER',
    'stdout_bytes INTEGER NOT NULL DEFAULT 0',
    'stderr_bytes INTEGER NOT NULL DEFAULT 0',
    'dropped_bytes INTEGER NOT NULL DEFAULT 0',
    'last_seq INTEGER NOT NULL DEFAULT 0',
  ].map((column) => `ALTER TABLE attempts ADD COLUMN ${column}`),
  // Until now the last attempt was the only one that could have ended in more than one way.
  `UPDATE attempts SET (cause, exit_code, signal, message, usage, cost_microns, memory_mib, stdout_bytes, stderr_bytes,
      dropped_bytes, last_seq) = (SELECT cause, exit_code, signal, message, usage, cost_microns, memory_mib, stdout_bytes,
      stderr_bytes, dropped_bytes, last_seq FROM executions WHERE id = execution_id)
    WHERE EXISTS (SELECT 1 FROM executions WHERE id = execution_id AND executions.attempt = attempts.attempt)`,
]
