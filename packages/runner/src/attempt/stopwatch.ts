import type { Phases } from '@rgrid/protocol'

type Stage = 'dependenciesMs' | 'placeMs' | 'inputsMs' | 'launchMs' | 'scriptMs' | 'outputsMs'

/** Measures where the time of an attempt goes. */
export interface Stopwatch {
  /** Ends a stage: what has passed since the end of the one before is its time. */
  lap(stage: Stage): void
  /** Notes the first output, once the script was started. */
  noteOutput(): void
  read(container: Phases['container']): Phases
}

/** Makes a {@link Stopwatch} that runs. */
export function createStopwatch(): Stopwatch {
  const laps: Record<Stage, number> = {
    dependenciesMs: 0,
    placeMs: 0,
    inputsMs: 0,
    launchMs: 0,
    scriptMs: 0,
    outputsMs: 0,
  }
  let lappedAt = performance.now()
  let firstOutputMs: number | null = null
  return {
    lap(stage) {
      const now = performance.now()
      laps[stage] = round(now - lappedAt)
      lappedAt = now
    },
    noteOutput() {
      firstOutputMs ??= round(performance.now() - lappedAt)
    },
    read: (container) => ({ container, ...laps, firstOutputMs }),
  }
}

const round = (ms: number): number => Math.round(ms * 100) / 100
