import type { ArtifactRecord, FileRef } from '@rgrid/protocol'
import type { Kysely } from 'kysely'
import type { ExecutionStore } from '../execution-store.js'
import type { Database } from './schema.js'
import { toArtifact } from './to-execution.js'

const BATCH = 500

/** Stores the named files of an execution. */
export async function insertArtifacts(
  trx: Kysely<Database>,
  project: string,
  executionId: string,
  kind: ArtifactRecord['kind'],
  files: readonly FileRef[],
): Promise<void> {
  const rows = files.map(({ path, sha256, size, executable }) => ({
    project,
    execution_id: executionId,
    kind,
    path,
    sha256,
    size,
    executable: executable ? 1 : 0,
  }))
  for (let start = 0; start < rows.length; start += BATCH)
    await trx
      .insertInto('artifacts')
      .values(rows.slice(start, start + BATCH))
      .execute()
}

/** The artifact methods of the store in SQLite. */
export function createArtifactMethods(
  db: Kysely<Database>,
): Pick<ExecutionStore, 'listArtifacts' | 'findArtifact'> {
  const ofProject = (project: string, id: string) =>
    db
      .selectFrom('artifacts')
      .innerJoin('executions', 'executions.id', 'artifacts.execution_id')
      .leftJoin('losses', 'losses.execution_id', 'artifacts.execution_id')
      .selectAll('artifacts')
      .select('losses.files_at')
      .where('executions.project', '=', project)
      .where('artifacts.execution_id', '=', id)

  return {
    async listArtifacts(project, id, kind) {
      const query = ofProject(project, id)
      const rows = await (kind === undefined ? query : query.where('artifacts.kind', '=', kind))
        .orderBy('artifacts.kind')
        .orderBy('artifacts.path')
        .execute()
      return rows.map(toArtifact)
    },

    async findArtifact(project, id, kind, path) {
      const row = await ofProject(project, id)
        .where('artifacts.kind', '=', kind)
        .where('artifacts.path', '=', path)
        .executeTakeFirst()
      return row === undefined ? undefined : toArtifact(row)
    },
  }
}
