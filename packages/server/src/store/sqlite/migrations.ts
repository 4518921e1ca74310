import { sql, type Kysely, type Migration } from 'kysely'

const FIRST = [
  `CREATE TABLE executions (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    pool TEXT NOT NULL,
    status TEXT NOT NULL,
    runtime TEXT NOT NULL,
    wanted_executor TEXT,
    spec TEXT NOT NULL,
    spec_hash TEXT NOT NULL,
    executor TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,
    lease_token TEXT,
    lease_until INTEGER,
    runner_id TEXT,
    claim_id TEXT,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    cause TEXT,
    exit_code INTEGER,
    signal TEXT,
    message TEXT,
    usage TEXT,
    cost_microns INTEGER,
    skipped TEXT NOT NULL DEFAULT '[]',
    created_at INTEGER NOT NULL,
    claimed_at INTEGER,
    started_at INTEGER,
    finishing_at INTEGER,
    finished_at INTEGER,
    stdout_bytes INTEGER NOT NULL DEFAULT 0,
    stderr_bytes INTEGER NOT NULL DEFAULT 0,
    dropped_bytes INTEGER NOT NULL DEFAULT 0,
    last_seq INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
  `CREATE INDEX executions_queue ON executions (project, pool, created_at, id) WHERE status = 'queued'`,
  `CREATE INDEX executions_leases ON executions (lease_until) WHERE lease_until IS NOT NULL`,
  `CREATE INDEX executions_claims ON executions (claim_id) WHERE claim_id IS NOT NULL`,
  `CREATE INDEX executions_newest ON executions (project, created_at, id)`,
  `CREATE INDEX executions_by_status ON executions (project, status, created_at, id)`,
  `CREATE TRIGGER executions_terminal BEFORE UPDATE ON executions
    WHEN OLD.status IN ('completed', 'failed', 'timed_out', 'cancelled', 'lost')
    BEGIN SELECT RAISE(ABORT, 'a finished execution never changes'); END`,
  // Counting the queue row by row would make a long queue slow to submit to.
  `CREATE TABLE queue_lengths (project TEXT PRIMARY KEY, length INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TRIGGER queue_enter AFTER INSERT ON executions WHEN NEW.status = 'queued'
    BEGIN INSERT INTO queue_lengths VALUES (NEW.project, 1)
      ON CONFLICT (project) DO UPDATE SET length = length + 1; END`,
  `CREATE TRIGGER queue_leave AFTER UPDATE OF status ON executions
    WHEN OLD.status = 'queued' AND NEW.status <> 'queued'
    BEGIN UPDATE queue_lengths SET length = length - 1 WHERE project = NEW.project; END`,
  `CREATE TRIGGER queue_return AFTER UPDATE OF status ON executions
    WHEN OLD.status <> 'queued' AND NEW.status = 'queued'
    BEGIN UPDATE queue_lengths SET length = length + 1 WHERE project = NEW.project; END`,
  `CREATE TABLE attempts (
    execution_id TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    runner_id TEXT NOT NULL,
    executor TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    outcome TEXT,
    PRIMARY KEY (execution_id, attempt)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE log_chunks (
    execution_id TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    stream TEXT NOT NULL,
    at INTEGER NOT NULL,
    data BLOB NOT NULL,
    gap_bytes INTEGER,
    PRIMARY KEY (execution_id, attempt, seq)
  ) STRICT`,
  `CREATE TABLE artifacts (
    execution_id TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    executable INTEGER NOT NULL,
    PRIMARY KEY (execution_id, kind, path)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE blobs (
    project TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    data BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project, sha256)
  ) STRICT`,
  `CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    scopes TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE runners (
    id TEXT NOT NULL,
    project TEXT NOT NULL,
    pool TEXT NOT NULL,
    name TEXT NOT NULL,
    slots INTEGER NOT NULL,
    offers TEXT NOT NULL,
    microns_per_hour INTEGER NOT NULL,
    registered_at INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    PRIMARY KEY (project, id)
  ) STRICT, WITHOUT ROWID`,
]

const SECOND = [
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

const THIRD = ['ALTER TABLE runners ADD COLUMN holds_back TEXT']

const BATCHES = [
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

const OUTPUTS = [
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

const RETENTION = [
  'ALTER TABLE artifacts ADD COLUMN project TEXT',
  'ALTER TABLE artifacts ADD COLUMN gone_at INTEGER',
  'ALTER TABLE artifacts ADD COLUMN is_deleted INTEGER NOT NULL DEFAULT 0',
  'UPDATE artifacts SET project = (SELECT project FROM executions WHERE id = execution_id)',
  'ALTER TABLE blobs ADD COLUMN wanted_at INTEGER NOT NULL DEFAULT 0',
  'ALTER TABLE blobs ADD COLUMN check_at INTEGER',
  'UPDATE blobs SET wanted_at = created_at, check_at = created_at',
  `CREATE TABLE losses (
    execution_id TEXT PRIMARY KEY REFERENCES executions (id) ON DELETE CASCADE,
    files_at INTEGER,
    logs_at INTEGER,
    is_removed INTEGER NOT NULL DEFAULT 0,
    is_pending INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE retention_marks (
    what TEXT PRIMARY KEY,
    finished_at INTEGER NOT NULL,
    execution_id TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE retention_turn (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    holder TEXT NOT NULL,
    held_until INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    position INTEGER NOT NULL
  ) STRICT`,
  'CREATE INDEX losses_pending ON losses (execution_id) WHERE is_pending = 1',
  'CREATE INDEX executions_finished ON executions (finished_at, id) WHERE finished_at IS NOT NULL',
  'CREATE INDEX artifacts_blobs ON artifacts (project, sha256) WHERE gone_at IS NULL',
  'CREATE INDEX blobs_checks ON blobs (check_at) WHERE check_at IS NOT NULL',
  'CREATE INDEX blobs_files ON blobs (sha256) WHERE data IS NULL',
  'CREATE INDEX staged_outputs_blobs ON staged_outputs (sha256)',
  // Without its project an artifact would not count as a reference, and its blob be collected.
  `CREATE TRIGGER artifacts_project BEFORE INSERT ON artifacts WHEN NEW.project IS NULL
    BEGIN SELECT RAISE(ABORT, 'an artifact belongs to a project'); END`,
  // Whatever takes a reference away has the blob looked at.
  `CREATE TRIGGER artifacts_gone AFTER UPDATE OF gone_at ON artifacts
    WHEN OLD.gone_at IS NULL AND NEW.gone_at IS NOT NULL
    BEGIN UPDATE blobs SET check_at = 0
      WHERE project = OLD.project AND sha256 = OLD.sha256 AND check_at IS NULL; END`,
  `CREATE TRIGGER artifacts_deleted AFTER DELETE ON artifacts WHEN OLD.gone_at IS NULL
    BEGIN UPDATE blobs SET check_at = 0
      WHERE project = OLD.project AND sha256 = OLD.sha256 AND check_at IS NULL; END`,
  `CREATE TRIGGER staged_outputs_deleted AFTER DELETE ON staged_outputs
    BEGIN UPDATE blobs SET check_at = 0
      WHERE project = (SELECT project FROM executions WHERE id = OLD.execution_id) AND sha256 = OLD.sha256
        AND check_at IS NULL AND NOT EXISTS (SELECT 1 FROM artifacts WHERE artifacts.project = blobs.project
          AND artifacts.sha256 = blobs.sha256 AND artifacts.gone_at IS NULL); END`,
]

const RETRIES = [
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

const SALTS = [`CREATE TABLE salts (project TEXT PRIMARY KEY, salt TEXT NOT NULL) STRICT, WITHOUT ROWID`]

const ITEM_ENDS = [
  // An item may have joined an execution that was not started for a batch, and that has no lane.
  'DROP TRIGGER batch_item_end',
  `CREATE TRIGGER batch_item_end AFTER UPDATE OF status ON executions
    WHEN NEW.status IN ('completed', 'failed', 'timed_out', 'cancelled', 'lost')
      AND EXISTS (SELECT 1 FROM batch_items WHERE execution_id = NEW.id)
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

const CACHE = [
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

const run = (statements: readonly string[]): Migration => ({
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
})

/** The migrations in the order of their names. A published one is never edited. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first': run(FIRST),
  '0002-needs': run(SECOND),
  '0003-holds-back': run(THIRD),
  '0004-batches': run(BATCHES),
  '0005-outputs': run(OUTPUTS),
  '0006-retention': run(RETENTION),
  '0007-retries': run(RETRIES),
  '0008-salts': run(SALTS),
  '0009-item-ends': run(ITEM_ENDS),
  '0010-cache': run(CACHE),
}
