import type { Execution, RGridClient } from '@rgrid/sdk'
import { createProject } from './project.js'

/** A well-behaved script that runs beside the others. */
export interface Neighbour {
  readonly execution: Execution
  /** What is wrong with its log so far; nothing, when all is well. */
  findFaults(): Promise<string[]>
  /** Ends it, and tells what is wrong with its whole log. */
  end(): Promise<string[]>
}

// A line a second, as exactly as it can.
const SOURCE = `
import signal, sys, time
def end(*_):
    print('bye', flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
start = time.time()
for number in range(100000):
    print(number, time.time(), flush=True)
    time.sleep(max(0, start + number + 1 - time.time()))
`
const LONGEST_GAP_S = 3

/** Starts a neighbour, and waits for its first line. */
export async function startNeighbour(client: RGridClient): Promise<Neighbour> {
  const cwd = createProject({ 'neighbour.py': SOURCE })
  const execution = client.run('neighbour.py', { cwd, memoryMib: 64, cpus: 0.5, timeoutMs: 600_000 })
  for await (const { text } of execution.logs()) if (text !== '') break
  const read = async (): Promise<string> => {
    let all = ''
    for await (const { text } of client.logs(execution.id)) all += text
    return all
  }
  return {
    execution,
    async findFaults() {
      const lines = (await read()).split('\n').slice(0, -1)
      return findFaults(lines, Date.now() / 1000)
    },
    async end() {
      await execution.cancel()
      await execution
      const lines = (await read()).trimEnd().split('\n')
      const isWhole = lines.pop() === 'bye'
      return [...findFaults(lines), ...(isWhole ? [] : ['the neighbour did not end well'])]
    },
  }
}

function findFaults(lines: readonly string[], now?: number): string[] {
  const beats = lines.map((line) => line.split(' ').map(Number))
  const faults = beats.flatMap(([number], at) => (number === at ? [] : [`line ${at} says ${String(number)}`]))
  const times = [...beats.map(([, time = NaN]) => time), ...(now === undefined ? [] : [now])]
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? NaN))
  return [
    ...faults,
    ...gaps.flatMap((gap, at) =>
      gap < LONGEST_GAP_S ? [] : [`a gap of ${gap.toFixed(1)} s behind line ${at}`],
    ),
  ]
}
