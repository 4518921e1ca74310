import type { ExecutionRecord, Phases, Resources } from '@rgrid/protocol'
import { formatDuration } from './duration.js'

const UNITS = [
  [1024 * 1024, 'TiB'],
  [1024, 'GiB'],
] as const

type Amounts = { readonly [Name in keyof Resources]?: number | undefined }

/** Resources as a person would say them: `2 CPUs, 512 MiB memory, 256 processes, 5 GiB disk`. */
export function formatResources({ cpus, memoryMib, pids, diskMib }: Amounts): string {
  const parts = [
    cpus === undefined ? '' : `${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}`,
    memoryMib === undefined ? '' : `${formatMib(memoryMib)} memory`,
    pids === undefined ? '' : `${pids} ${pids === 1 ? 'process' : 'processes'}`,
    diskMib === undefined ? '' : `${formatMib(diskMib)} disk`,
  ]
  return parts.filter((part) => part !== '').join(', ')
}

function formatMib(mib: number): string {
  const [size, unit] = UNITS.find(([one]) => mib % one === 0) ?? [1, 'MiB']
  return `${mib / size} ${unit}`
}

type Asked = Pick<ExecutionRecord, 'resources' | 'image' | 'network' | 'isolation'>

/** What was asked for beside the defaults; empty when nothing was. */
export function formatAsk({ resources, image, network, isolation }: Asked): string {
  const parts = [
    formatResources(resources),
    image === null ? '' : `image ${image}`,
    network === null ? '' : `network ${network}`,
    isolation === 'shared' ? 'a shared container' : '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}

const STEPS = [
  ['dependencies', 'dependenciesMs'],
  ['place', 'placeMs'],
  ['inputs', 'inputsMs'],
  ['launch', 'launchMs'],
  ['first output', 'firstOutputMs'],
  ['script', 'scriptMs'],
  ['outputs', 'outputsMs'],
] as const satisfies readonly (readonly [string, keyof Phases])[]

/** Where the time went: `dependencies 0 ms, place 1 ms, …`. */
export const formatPhases = (phases: Phases): string =>
  STEPS.flatMap(([name, key]) => {
    const ms = phases[key]
    return ms === null ? [] : [`${name} ${formatDuration(ms)}`]
  }).join(', ')

/** The time until the script was started, and in what: `in a warm container after 12 ms`. */
export function formatStart({ container, dependenciesMs, placeMs, inputsMs, launchMs }: Phases): string {
  const before = formatDuration(dependenciesMs + placeMs + inputsMs + launchMs)
  return container === null ? `started in ${before}` : `started in ${before} in a ${container} container`
}
