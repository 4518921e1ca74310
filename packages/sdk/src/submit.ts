import { RGridError } from '@rgrid/protocol'
import { RETRY_BRIEFLY, type Api, type FetchResponse } from '@rgrid/protocol/client'
import { uploadFiles } from './files/upload-files.js'
import type { PreparedSpec } from './prepare-spec.js'
import type { UploadBoard } from './execution/upload-board.js'

/** What watches over a submit. */
export interface SubmitOptions {
  readonly board: UploadBoard
  /** Ends the uploads, and the submit with them. What the server has accepted is not undone. */
  readonly signal?: AbortSignal | undefined
}

/** An execution that the server has, with the stream of its events. */
export interface Submitted {
  readonly id: string
  readonly events: FetchResponse
}

/**
 * Submits an execution and returns the response that streams its events. Files that the server does not have are
 * uploaded first; then the same request is made again, which is safe as it carries its own id. One whose key was used for
 * the same before is that one.
 */
export async function submit(
  api: Api,
  id: string,
  { spec, sources, marks }: PreparedSpec,
  { board, signal }: SubmitOptions,
): Promise<Submitted> {
  const accept = 'text/event-stream'
  const put = async (): Promise<Submitted> => {
    const events = await api.send(
      { method: 'PUT', path: `/v1/executions/${id}`, json: spec, accept },
      { retry: RETRY_BRIEFLY },
    )
    return { id, events }
  }
  try {
    return await put().catch(async (error: unknown) => {
      if (!(error instanceof RGridError && error.code === 'missing_blobs')) throw error
      const onTotal = (count: number, bytes: number): void => board.begin('uploading', count, bytes)
      const { missing } = error
      const told = { onTotal, onSent: board.advance }
      await uploadFiles(api, { files: spec.files, sources, marks, missing, ...told, signal })
      return put()
    })
  } catch (error) {
    if (!(error instanceof RGridError && error.code === 'key_taken' && error.executionId !== undefined))
      throw error
    const path = `/v1/executions/${error.executionId}/events`
    return { id: error.executionId, events: await api.send({ method: 'GET', path, accept }) }
  }
}
