import type { Cause, FileRef, Offer, Environments, Status } from '@rgrid/protocol'
import type { StoredSpec } from './execution-store.js'

/** What an execution that asks the cache is known by later. */
export interface CacheCall {
  /** What it works out. */
  readonly fingerprint: string
  /** Its arguments: the calls of a script with the same ones are alike. */
  readonly argsHash: string
  /** The execution that stands in for it, if it is whole by the time that this one is accepted. */
  readonly standIn: string | undefined
  /** Why nothing stands in for it. */
  readonly missReason: string
}

/** An execution that may stand in for another, with the blobs that its files need. */
export interface StandIn {
  readonly executionId: string
  /** Whether all output files still have their blobs, as far as the store knows. */
  readonly isWhole: boolean
  /** The blobs that are not in the store itself. */
  readonly sha256s: readonly string[]
}

/** An execution that works out the same as another, and whose result cannot stand in for it perhaps. */
export interface Twin {
  readonly executionId: string
  readonly status: Status
  readonly cause: Cause | null
  /** What it ran in; `null` when that is not known. */
  readonly environment: string | null
  readonly hasLosses: boolean
}

/** What may stand in. */
export interface StandInQuery {
  readonly fingerprint: string
  /** What it ran in: one of these. */
  readonly environments: readonly string[]
  /** Whether what ended by itself with another exit code than 0 will do. */
  readonly failures: boolean
}

/** An earlier call of the same script. */
export interface AlikeCall {
  readonly executionId: string
  readonly spec: StoredSpec
}

/** A runner with what its scripts run in, as it said last. */
export interface RunnerEnvironments {
  readonly name: string
  readonly offers: readonly Offer[]
  readonly environments: readonly Environments[]
  readonly lastSeen: number
}

/** What there is to know for the cache of results. */
export interface CacheStore {
  /** Finds what may stand in, the newest first; a few. */
  listStandIns(project: string, query: StandInQuery): Promise<StandIn[]>
  /** Finds the newest execution that works out the same: one that completed, or where there is none any other. */
  findTwin(project: string, fingerprint: string): Promise<Twin | undefined>
  /** Finds earlier calls of a script that asked the cache: those with the same arguments, and the latest; a few. */
  listAlike(project: string, script: string, argsHash: string): Promise<AlikeCall[]>
  /** The input files of an execution, also when their bytes are gone. */
  listInputs(project: string, id: string): Promise<FileRef[]>
  /** The runners of a pool with what their scripts run in, heard of within a time; the latest to register first. */
  listEnvironments(project: string, pool: string, withinMs: number): Promise<RunnerEnvironments[]>
}
