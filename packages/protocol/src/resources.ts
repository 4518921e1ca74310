import * as z from 'zod'
import { LIMITS } from './limits.js'

/** What a script's network is: nothing but itself, or the machine's bridge to everywhere. */
export const networkSchema = z.enum(['none', 'bridge'])

/** What a script's network is. */
export type Network = z.infer<typeof networkSchema>

/**
 * What is between two scripts: a container of its own for each execution, or one container for many executions of the
 * same script of one project, with a fresh process and an emptied working directory each.
 */
export const isolationSchema = z.enum(['execution', 'shared'])

/** What is between two scripts. */
export type Isolation = z.infer<typeof isolationSchema>

// The form of a reference as the distribution specification has it, with room for registries that it does not know.
const IMAGE =
  /^[a-z0-9][a-z0-9._-]*(?::\d+)?(?:\/[a-z0-9][a-z0-9._-]*)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/

/** An OCI image, such as `python:3.12-slim` or `ghcr.io/me/tools@sha256:…`. */
export const imageSchema = z
  .string()
  .max(LIMITS.imageChars)
  .regex(IMAGE, 'is not the name of an image, such as python:3.12-slim')

/** How much of a machine one script may use. */
export const resourcesSchema = z
  .strictObject({
    cpus: z.number().min(LIMITS.cpusMin).max(LIMITS.cpusMax),
    memoryMib: z.int().min(LIMITS.memoryMinMib).max(LIMITS.memoryMaxMib),
    pids: z.int().min(1).max(LIMITS.pidsMax),
    diskMib: z.int().min(1).max(LIMITS.diskMaxMib),
  })
  .meta({ id: 'Resources', description: 'How much of a machine one script may use.' })

/** How much of a machine one script may use. */
export type Resources = z.infer<typeof resourcesSchema>

/** The resources that have a name, in the order in which they are shown. */
export const RESOURCE_NAMES = ['cpus', 'memoryMib', 'pids', 'diskMib'] as const
