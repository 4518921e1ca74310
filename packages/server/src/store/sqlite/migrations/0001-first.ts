/** The tables of the first version. */
export const FIRST = [
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
