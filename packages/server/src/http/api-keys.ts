import { RGridError } from '@rgrid/protocol'
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { KeyStore, Scope, StoredKey } from '../store/key-store.js'
import { HttpFault } from './problem.js'

const KEY = /^Bearer sk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/
const NO_HASH = Buffer.alloc(32)

/** Who asks: the project and what the key allows. */
export interface Caller {
  readonly project: string
  readonly scopes: readonly Scope[]
}

/** An API key with its secret, as it is shown once. */
export interface NewKey {
  readonly text: string
  readonly stored: StoredKey
}

const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** Mints an API key with a secret of 256 random bits. */
export function mintKey(project: string, scopes: readonly Scope[]): NewKey {
  const id = randomBytes(8).toString('hex')
  const secret = randomBytes(32).toString('base64url')
  return { text: `sk_${id}_${secret}`, stored: { id, project, scopes, secretHash: hashSecret(secret) } }
}

/**
 * Finds out who asks, from the `Authorization` header alone.
 *
 * @throws RGridError `unauthenticated`, with the same words whatever is wrong with the key.
 */
export async function authenticate(
  keys: Pick<KeyStore, 'find'>,
  authorization: string | null,
): Promise<Caller> {
  const [, id, secret] = KEY.exec(authorization ?? '') ?? []
  if (id === undefined || secret === undefined) throw unauthenticated()
  const key = await keys.find(id)
  // The comparison runs for an unknown id too, so that its time does not tell which ids exist.
  const isRight = timingSafeEqual(hashSecret(secret), key?.secretHash ?? NO_HASH)
  if (key === undefined || !isRight) throw unauthenticated()
  return key
}

/**
 * Checks that a key allows a route.
 *
 * @throws RGridError `forbidden`.
 */
export function assertScope({ scopes }: Caller, allowed: readonly Scope[]): void {
  if (!allowed.some((scope) => scopes.includes(scope)))
    throw new RGridError(
      'forbidden',
      `this API key may not do that: it needs the scope ${allowed.join(' or ')} and has ${scopes.join(', ')}`,
    )
}

const unauthenticated = (): RGridError =>
  new HttpFault(
    'unauthenticated',
    'no valid API key: send "Authorization: Bearer sk_…" with a key of this server',
    { headers: { 'www-authenticate': 'Bearer' } },
  )
