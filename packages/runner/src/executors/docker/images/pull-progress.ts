import * as z from 'zod'

/** A line of the engine's answer to a pull. */
export const pullLineSchema = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string().optional() }).optional(),
})

/** A line of the engine's answer to a pull. */
export type PullLine = z.infer<typeof pullLineSchema>

interface LayerState {
  current: number
  total: number
  isLoaded: boolean
}

const MB = 1e6
const INTERVAL_MS = 500

/**
 * Makes of the engine's many lines a few in words, such as `pulling python:3.12-slim: 43 %, 61 of 142 MB`: two a second
 * at most.
 */
export function createPullProgress(
  name: string,
  tell: (message: string) => void,
  now: () => number = () => performance.now(),
): (line: PullLine) => void {
  const layers = new Map<string, LayerState>()
  let toldAt = -Infinity
  let told = ''

  const say = (message: string): void => {
    if (message === told || now() - toldAt < INTERVAL_MS) return
    told = message
    toldAt = now()
    tell(message)
  }
  say(`pulling ${name}`)

  return ({ id, status = '', progressDetail }) => {
    if (id === undefined || !note(layers, id, status, progressDetail)) return
    say(`pulling ${name}: ${describe([...layers.values()])}`)
  }
}

/** Notes what a line says of a layer, if it does. */
function note(
  layers: Map<string, LayerState>,
  id: string,
  status: string,
  detail: PullLine['progressDetail'],
): boolean {
  const layer = layers.get(id) ?? { current: 0, total: 0, isLoaded: false }
  if (status === 'Downloading') {
    layer.current = detail?.current ?? layer.current
    layer.total = Math.max(detail?.total ?? 0, layer.total, layer.current)
  } else if (/^(?:Verifying Checksum|Download complete|Extracting|Pull complete)$/.test(status)) {
    layer.current = layer.total
    layer.isLoaded = true
  } else if (!/^(?:Pulling fs layer|Waiting)$/.test(status)) return false
  layers.set(id, layer)
  return true
}

function describe(layers: readonly LayerState[]): string {
  if (layers.every(({ isLoaded }) => isLoaded)) return 'unpacking'
  const current = sum(layers.map((layer) => layer.current))
  const total = sum(layers.map((layer) => layer.total))
  if (total === 0) return `${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`
  const percent = Math.floor((100 * current) / total)
  return `${percent} %, ${toMegabytes(current)} of ${toMegabytes(total)} MB`
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)

const toMegabytes = (bytes: number): string => (bytes / MB).toFixed(bytes < 10 * MB ? 1 : 0)
