/** What is kept for a time only. */
export const RETENTION = [
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
