import type { Kysely } from 'kysely'
import type { RetentionStore } from '../retention-store.js'
import { collectBlobs } from './collect-blobs.js'
import { drainLosses } from './drain-losses.js'
import { expireExecutions } from './expire-executions.js'
import { createLossMethods } from './find-losses.js'
import { removeExecution, removeOutput } from './remove-execution.js'
import { endTurn, takeTurn } from './retention-turn.js'
import type { Database } from './schema.js'
import { shrinkFile } from './shrink-file.js'

/** What is old, deleted or of no use, in SQLite. */
export function createRetentionStore(db: Kysely<Database>, now: () => number): RetentionStore {
  return {
    takeTurn: (order) => takeTurn(db, now(), order),
    endTurn: (holder, isDone) => endTurn(db, now(), holder, isDone),
    expire: (what, olderThanMs) => expireExecutions(db, now(), what, olderThanMs),
    drain: (id) => drainLosses(db, now(), id),
    collectBlobs: () => collectBlobs(db, now()),
    shrink: () => shrinkFile(db),
    ...createLossMethods(db),
    remove: (project, id) => removeExecution(db, now(), project, id),
    removeOutput: (project, id, path) => removeOutput(db, now(), project, id, path),
  }
}
