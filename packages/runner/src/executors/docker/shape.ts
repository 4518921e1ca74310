import type { Network, Resources } from '@rgrid/protocol'
import { LIMITS } from '@rgrid/protocol'
import { availableParallelism } from 'node:os'
import type { Layer, PlaceRequest } from '../executor.js'
import type { PreparedImage } from './images/prepared-image.js'
import { findInterpreter, type Interpreter } from './waiting/interpreter.js'

/** Everything that a container is made from before anyone knows what will run in it. Equal keys are equal containers. */
export interface Shape {
  readonly key: string
  readonly image: PreparedImage
  readonly resources: Resources
  readonly network: Network
  readonly layer: Layer | undefined
  /** Whether it serves one script again and again. */
  readonly isShared: boolean
  /** What is started ahead in it. */
  readonly interpreter: Interpreter | undefined
}

/** The part of a request that a container is made from. */
export type ShapeRequest = Pick<
  PlaceRequest,
  'resources' | 'network' | 'layer' | 'isolation' | 'project' | 'scriptSha256'
>

/** What a script gets where nothing is asked for. */
export const getDefaultResources = (cpus = availableParallelism()): Resources => ({
  cpus: Math.min(LIMITS.cpusDefault, cpus),
  memoryMib: LIMITS.memoryDefaultMib,
  pids: LIMITS.pids,
  diskMib: LIMITS.diskDefaultMib,
})

/** Makes the shape of a request. Containers are shared by executions of the same script of one project only. */
export function toShape(
  request: ShapeRequest,
  image: PreparedImage,
  machineCpus = availableParallelism(),
): Shape {
  const { resources: asked, network = 'none', layer, isolation, project, scriptSha256 } = request
  const resources: Resources = { ...getDefaultResources(machineCpus), ...withoutUndefined(asked) }
  const isShared = isolation === 'shared'
  const parts = [image.id, resources, network, layer?.key, isShared ? [project, scriptSha256] : null]
  // One that serves many scripts ends whatever runs after each of them.
  const interpreter = isShared ? undefined : findInterpreter(image, layer)
  return { key: JSON.stringify(parts), image, resources, network, layer, isShared, interpreter }
}

function withoutUndefined(asked: PlaceRequest['resources']): Partial<Resources> {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined))
}
