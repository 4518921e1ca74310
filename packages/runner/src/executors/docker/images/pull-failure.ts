import { StartError } from '../../executor.js'
import type { RegistryAuth } from './registry-credentials.js'

/** What is known of a pull that failed. */
export interface PullFailure {
  readonly name: string
  readonly registry: string
  readonly auth: RegistryAuth | undefined
  /** What the engine says that the registry said. */
  readonly message: string
  readonly cause?: unknown
}

const MAX_CHARS = 400

/** Kinds of refusals by their words, as the engine's status says little, and the next step of each. */
const STEPS: readonly (readonly [RegExp, (failure: PullFailure) => string])[] = [
  [
    /toomanyrequests|too many requests|rate limit|\b429\b/i,
    ({ auth, registry }) =>
      auth === undefined
        ? `the registry limits pulls: try again later, or give the runner credentials for ${registry}`
        : 'the registry limits pulls: try again later',
  ],
  [/no matching manifest/i, () => 'there is none for this machine: choose one for its platform'],
  [/no space left/i, () => "the disk of the runner's machine is full: remove images with docker image prune"],
  [
    /unauthorized|authentication required|no basic auth|\b401\b/i,
    ({ auth, registry }) =>
      auth === undefined
        ? `give the runner credentials: run "docker login ${registry}" as its user, or set RGRID_REGISTRY_AUTH`
        : `the runner's credentials for ${registry} are refused: run "docker login ${registry}" again as its user`,
  ],
  [
    /denied|forbidden|\b403\b/i,
    ({ auth, registry }) =>
      auth === undefined
        ? `check the name; a private image needs credentials: run "docker login ${registry}" as the runner's user`
        : `check the name, and whether the runner's credentials for ${registry} may read it`,
  ],
  [
    /dial tcp|no such host|refused|reset|timeout|timed out|unreachable|deadline|x509|tls|EOF/i,
    ({ registry }) => `check that the Docker engine can reach ${registry}`,
  ],
  [/manifest unknown|name unknown|not found|\b404\b/i, () => 'check its name and tag'],
]

/** Puts a failed pull into one line: what the registry said, without secrets, and what to do about it. */
export function toPullError(failure: PullFailure): StartError {
  const { name, auth, message, cause } = failure
  const said = removeSecrets(message, auth).trim().replaceAll(/\s+/g, ' ').slice(0, MAX_CHARS)
  const step = STEPS.find(([pattern]) => pattern.test(said))?.[1](failure)
  const words = `the image ${name} cannot be pulled: ${said}`
  return new StartError('image_pull', step === undefined ? words : `${words}; ${step}`, { cause })
}

/** Takes out of a text the secrets that are known, and what looks like one. */
export function removeSecrets(text: string, auth?: RegistryAuth): string {
  const { username = '', password = '', identitytoken = '', registrytoken = '' } = auth ?? {}
  const pair = Buffer.from(`${username}:${password}`).toString('base64')
  const secrets = [password, encodeURIComponent(password), identitytoken, registrytoken, pair]
  return secrets
    .filter((secret) => secret !== '')
    .reduce((clean, secret) => clean.replaceAll(secret, '***'), text)
    .replaceAll(/(:\/\/)[^/\s"@]+@/g, '$1***@')
    .replaceAll(/([?&][^=&\s"]+=)[^&\s"]+/g, '$1***')
    .replaceAll(/\b(bearer|basic)\s+[\w.~+/-]{8,}=*/gi, '$1 ***')
}
