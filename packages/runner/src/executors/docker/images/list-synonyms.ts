import { DOCKER_HUB, isImageId, readImageName } from './image-name.js'

/**
 * Lists the names that lead to the same image as this one does, the shortest first: `python` is also
 * `docker.io/library/python:latest`. Empty where it is no name of an image.
 */
export function listSynonyms(name: string): readonly string[] {
  if (isImageId(name)) return listIds(name)
  const parsed = readImageName(name)
  if (parsed === undefined) return []
  const { registry, repository, reference } = parsed
  const path = repository.startsWith(`${registry}/`) ? repository.slice(registry.length + 1) : repository
  const ends = listEnds(reference)
  return listRepositories(registry, path).flatMap((each) => ends.map((end) => `${each}${end}`))
}

const listIds = (id: string): string[] => {
  const digits = id.replace(/^sha256:/, '')
  return [digits, `sha256:${digits}`]
}

function listRepositories(registry: string, path: string): string[] {
  if (registry !== DOCKER_HUB) return [`${registry}/${path}`]
  const short = path.replace(/^library\/(?=[^/]+$)/, '')
  const paths = short.includes('/') ? [short] : [short, `library/${short}`]
  return [...paths, ...paths.map((each) => `${DOCKER_HUB}/${each}`)]
}

function listEnds(reference: string): string[] {
  // Only digests have a colon.
  if (reference.includes(':')) return [`@${reference}`]
  return reference === 'latest' ? ['', ':latest'] : [`:${reference}`]
}
