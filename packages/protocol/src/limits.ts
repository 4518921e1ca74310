const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

/**
 * Every number that bounds a request, an execution or a runner. A value over its limit is refused before
 * anything starts, with an error that names the limit.
 *
 * One argument or environment value stays under the 128 KiB that the Linux kernel allows a single string of
 * `execve` (`MAX_ARG_STRLEN`), with room for a name.
 */
export const LIMITS = {
  /** JSON body beside its inline files. */
  jsonBodyBytes: 2 * MIB,
  /** All inline files of one request together, before base64. */
  inlineTotalBytes: 4 * MIB,
  /** One file small enough to travel inside a request. */
  inlineFileBytes: 256 * KIB,
  scriptBytes: MIB,
  args: 256,
  argsTotalBytes: 128 * KIB,
  envKeys: 128,
  envTotalBytes: 128 * KIB,
  /** One argument, or one `NAME=value` pair. */
  stringBytes: 120 * KIB,
  pathBytes: 512,
  pathParts: 32,
  /** One part of a path: what the common file systems hold. */
  pathPartBytes: 255,
  keyChars: 256,
  labels: 32,
  labelChars: 256,
  inputFiles: 10_000,
  inputBytes: 5 * GIB,
  /** A local module that is read for what it imports itself. */
  moduleBytes: 8 * MIB,
  /** An input file from here on may be shared by executions, read-only. Copying one takes longer than a start. */
  sharedInputBytes: 16 * MIB,
  outputFiles: 10_000,
  outputBytes: 5 * GIB,
  /** Output files in one request of a runner. */
  outputRequestFiles: 1_000,
  /** Patterns that choose among files. */
  patterns: 64,
  /** One of them. */
  patternBytes: 512,
  /** What they are together, with every `{a,b}` written out. */
  patternChoices: 256,
  /** What there is to say about a result. */
  notes: 64,
  noteChars: 1024,
  /** Log bytes kept of one attempt, both streams together. */
  logBytes: 10 * MIB,
  /** The part of {@link LIMITS.logBytes} that is kept of the end of a log that grew over it. */
  logTailBytes: 256 * KIB,
  logChunkBytes: 64 * KIB,
  /** Log bytes in one request of a runner. */
  logRequestBytes: MIB,
  timeoutDefaultMs: 5 * 60_000,
  timeoutMaxMs: 24 * 3_600_000,
  /** Between SIGTERM and SIGKILL. */
  killGraceMs: 2_000,
  /** What a script may use where nothing is asked for; with fewer CPUs on the machine, those. */
  cpusDefault: 2,
  cpusMin: 0.1,
  cpusMax: 1024,
  memoryDefaultMib: 512,
  /** What a container engine needs to start anything. */
  memoryMinMib: 6,
  memoryMaxMib: 4 * 1024 * 1024,
  pids: 256,
  pidsMax: 32_768,
  diskDefaultMib: 5 * 1024,
  diskMaxMib: 16 * 1024 * 1024,
  imageChars: 512,
  /** The name of what a script runs in. */
  environmentChars: 256,
  /** Images of one executor whose names a runner tells. */
  environmentImages: 1_000,
  /** What a runner says of its progress while it prepares an attempt. */
  progressChars: 512,
  /** Runtimes of one runner. */
  runtimes: 64,
  /** What a runner says of why it claims nothing. */
  holdsBackChars: 256,
  queuedPerProject: 100_000,
  batchItems: 100_000,
  batchItemsPerRequest: 200,
  batchNameChars: 512,
  batchParallel: 10_000,
  laneChars: 128,
  priorityMin: -100,
  priorityMax: 100,
  /** How often an attempt is tried again at most, for each cause that may be. */
  retriesPerCause: 10,
  /** The pause before the first repetition; it doubles with each, and a random part of up to half of it is left out. */
  retryFirstDelayMs: 1_000,
  retryMaxDelayMs: 60_000,
  listPage: 100,
  /** Days that the stored files of an ended execution are kept, unless the server is told otherwise. */
  outputsDays: 30,
  /** Days that the log of an ended execution is kept, unless the server is told otherwise. */
  logsDays: 30,
  /** Days that the record of an ended execution is kept, unless the server is told otherwise. */
  executionsDays: 90,
  /** How long a blob that nothing refers to is kept after it was uploaded, or a client was told that it is there. */
  blobGraceMs: 24 * 3_600_000,
  /** What a runner keeps of large input files on its disk; less where the disk is small. */
  blobCacheBytes: 10 * GIB,
  /** How long a lease lasts without a renewal. */
  leaseMs: 30_000,
  /** How long after its end a lease is taken away. */
  leaseMarginMs: 10_000,
  /** How long a request of a runner may be held open. */
  longPollMs: 10_000,
} as const
