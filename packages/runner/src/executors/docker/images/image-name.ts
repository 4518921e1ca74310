import { StartError } from '../../executor.js'

/** The parts of an image's name. */
export interface ImageName {
  /** Such as `docker.io` or `localhost:5000`. */
  readonly registry: string
  /** The name without tag and digest, as it was written. */
  readonly repository: string
  /** A tag or digest; `latest` where the name has neither. */
  readonly reference: string
}

/** The registry of names that name none. */
export const DOCKER_HUB = 'docker.io'

const MAX_CHARS = 500
const NAME =
  /^(?<repository>[^@\s]+?)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>[a-z][a-z0-9]*:[0-9a-f]{32,128}))?$/
const REGISTRY = /^(?:[a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/
const PART = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/
const ID = /^(?:sha256:)?[0-9a-f]{64}$/

/** Whether this is the engine's own id of an image, which no registry knows. */
export const isImageId = (name: string): boolean => ID.test(name)

/**
 * Takes an image's name apart.
 *
 * @throws StartError when it is none: it would be part of questions to the engine.
 */
export function parseImageName(name: string): ImageName {
  const parsed = readImageName(name)
  if (parsed !== undefined) return parsed
  throw new StartError('image_pull', `"${name.slice(0, MAX_CHARS)}" is not the name of an image`)
}

/** Takes an image's name apart; `undefined` when it is none. */
export function readImageName(name: string): ImageName | undefined {
  const { repository = '', tag, digest } = NAME.exec(name)?.groups ?? {}
  const parts = repository.split('/')
  const first = parts[0] ?? ''
  const hasRegistry = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost')
  const path = hasRegistry ? parts.slice(1) : parts
  const isName = path.every((part) => PART.test(part)) && (!hasRegistry || REGISTRY.test(first))
  if (!isName || name.length > MAX_CHARS) return undefined
  return {
    registry: hasRegistry ? first : DOCKER_HUB,
    repository,
    reference: digest ?? tag ?? 'latest',
  }
}
