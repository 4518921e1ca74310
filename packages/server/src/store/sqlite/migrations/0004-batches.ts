/** Batches with their items, and keys. */
export const BATCHES = [
  'ALTER TABLE executions ADD COLUMN lane TEXT',
  'ALTER TABLE executions ADD COLUMN fingerprint TEXT',
  'ALTER TABLE executions ADD COLUMN key TEXT',
  'CREATE UNIQUE INDEX executions_key ON executions (project, key) WHERE key IS NOT NULL',
  `CREATE INDEX executions_fingerprint ON executions (project, fingerprint, created_at)
    WHERE fingerprint IS NOT NULL`,
  `CREATE INDEX executions_lane ON executions (project, lane)
    WHERE lane IS NOT NULL AND status IN ('claimed', 'running', 'finishing')`,
  // With the lane, so that a claim passes by those of a full one without reading them.
  'DROP INDEX executions_queue',
  `CREATE INDEX executions_queue ON executions (project, pool, created_at, id, lane, runtime, wanted_executor, image,
    network, cpus, memory_mib, pids, disk_mib, attempt) WHERE status = 'queued'`,
  `CREATE TABLE lanes (
    project TEXT NOT NULL,
    lane TEXT NOT NULL,
    parallel INTEGER,
    PRIMARY KEY (project, lane)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE batches (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    lane TEXT NOT NULL,
    parallel INTEGER,
    fail_fast INTEGER NOT NULL,
    rerun TEXT NOT NULL,
    labels TEXT NOT NULL,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    sealed_at INTEGER,
    ends INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
  `CREATE INDEX batches_newest ON batches (project, created_at, id)`,
  `CREATE TABLE batch_items (
    batch_id TEXT NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    item INTEGER NOT NULL,
    name TEXT NOT NULL,
    execution_id TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    outcome TEXT NOT NULL,
    finished_seq INTEGER,
    PRIMARY KEY (batch_id, item)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX batch_items_execution ON batch_items (execution_id)`,
  `CREATE INDEX batch_items_finished ON batch_items (batch_id, finished_seq)`,
  // In the database, as an execution ends in several ways and none of them may forget it. No number is given twice, also
  // where an item is run again.
  `CREATE TRIGGER batch_item_end AFTER UPDATE OF status ON executions
    WHEN NEW.lane IS NOT NULL AND NEW.status IN ('completed', 'failed', 'timed_out', 'cancelled', 'lost')
    BEGIN
      UPDATE batch_items SET finished_seq = (SELECT ends FROM batches WHERE id = batch_id)
          + (SELECT count(*) FROM batch_items AS others WHERE others.batch_id = batch_items.batch_id
            AND others.execution_id = NEW.id AND others.item <= batch_items.item)
        WHERE execution_id = NEW.id AND finished_seq IS NULL;
      UPDATE batches SET ends = ends
          + (SELECT count(*) FROM batch_items WHERE batch_id = batches.id AND execution_id = NEW.id)
        WHERE id IN (SELECT batch_id FROM batch_items WHERE execution_id = NEW.id);
    END`,
]
