import { RGridError, toIssues } from '@rgrid/protocol'
import type * as z from 'zod'
import type { Scope } from '../store/key-store.js'

/** What a route answers with: a schema for JSON, else a kind of body. */
export type Answer = z.ZodType | 'bytes' | 'events'

/** A route, with everything that checks its requests and describes it. */
export interface RouteRule<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly method: 'get' | 'put' | 'post' | 'delete'
  /** With parameters in braces; `{path}` also matches slashes. */
  readonly path: string
  /** Who may call it: keys with one of the scopes, or everyone. */
  readonly access: 'public' | readonly Scope[]
  readonly summary: string
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  /** The body is a blob, which the handler reads. */
  readonly takesBytes?: boolean
  /**
   * Whether the answer waits until what was written is safe. Always so where somebody relies on it.
   *
   * @default true, but for `get`
   */
  readonly waitsForStore?: boolean
  readonly answers: Readonly<Record<number, readonly Answer[]>>
  readonly handle: (input: RouteInput<z.output<P>, z.output<Q>, z.output<B>>) => Promise<Response>
}

/** A request that has been checked. */
export interface RouteInput<P, Q, B> {
  readonly request: Request
  /** The caller's project; empty on public routes. */
  readonly project: string
  readonly params: P
  readonly query: Q
  readonly body: B
}

/** What is left of a request before it is checked. */
export interface RawInput {
  readonly request: Request
  readonly project: string
  readonly params: Record<string, string>
  readonly readJson: () => Promise<unknown>
}

/** A declared route. */
export interface Route extends Omit<RouteRule<z.ZodType, z.ZodType, z.ZodType>, 'handle'> {
  readonly run: (input: RawInput) => Promise<Response>
}

/** Declares a route. There is no other way to make one, so none is without an access rule. */
export function defineRoute<
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(rule: RouteRule<P, Q, B>): Route {
  const { handle, ...described } = rule
  return {
    ...described,
    async run({ request, project, params, readJson }) {
      return handle({
        request,
        project,
        params: parseParams(rule.params, params, rule.method),
        query: parsePart(rule.query, () => readQuery(request)),
        body: parsePart(rule.body, rule.body === undefined ? () => undefined : await readBody(readJson)),
      })
    },
  }
}

async function readBody(readJson: () => Promise<unknown>): Promise<() => unknown> {
  const body = await readJson()
  return () => body
}

function parseParams<T extends z.ZodType>(
  schema: T | undefined,
  params: Record<string, string>,
  method: RouteRule<T, T, T>['method'],
): z.output<T> {
  if (schema === undefined) return undefined as z.output<T>
  const result = schema.safeParse(params)
  if (result.success) return result.data
  if (method === 'put') throw toInvalid(result.error)
  throw new RGridError('not_found', 'there is nothing here under this name: check the id and the path')
}

function parsePart<T extends z.ZodType>(schema: T | undefined, read: () => unknown): z.output<T> {
  if (schema === undefined) return undefined as z.output<T>
  const result = schema.safeParse(read())
  if (result.success) return result.data
  throw toInvalid(result.error)
}

// A query that names a field twice is refused by the schema, as the value is a list then.
function readQuery(request: Request): Record<string, string | string[]> {
  const { searchParams } = new URL(request.url)
  const query: Record<string, string | string[]> = {}
  for (const name of new Set(searchParams.keys())) {
    const values = searchParams.getAll(name)
    query[name] = values.length > 1 ? values : (values[0] ?? '')
  }
  return query
}

function toInvalid(error: z.ZodError): RGridError {
  const issues = toIssues(error)
  const code = issues.some(({ path }) => path === 'runtime') ? 'unknown_runtime' : 'invalid_request'
  const [first] = issues
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  return new RGridError(code, `${first?.path ?? '(body)'}: ${first?.message ?? 'is not valid'}${more}`, {
    issues,
  })
}
