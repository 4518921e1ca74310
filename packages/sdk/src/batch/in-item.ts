import { RGridError, type Issue } from '@rgrid/protocol'

/** Does something for an item, and says which it was where that is refused. */
export async function inItem<T>(index: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof RGridError && error.code === 'invalid_request')) throw error
    throw new RGridError(error.code, `each.${index}.${error.message}`, { cause: error.cause })
  }
}

const POSITION = /\bitems\.(\d+)\b/

/** What a server refused of items, in the words of the caller: it knows them by their places in the request. */
export function nameItems(error: unknown, items: readonly { readonly index: number }[]): unknown {
  if (!(error instanceof RGridError) || error.issues.length === 0) return error
  const name = (text: string): string =>
    text.replace(RegExp(POSITION, 'g'), (all, position: string) => {
      const item = items[Number(position)]
      return item === undefined ? all : `each.${item.index}`
    })
  const issues = error.issues.map(({ path, message }): Issue => ({
    path: name(path),
    message: name(message),
  }))
  const { code, requestId, missing, executionId, cause } = error
  return new RGridError(code, name(error.message), { requestId, missing, executionId, cause, issues })
}
