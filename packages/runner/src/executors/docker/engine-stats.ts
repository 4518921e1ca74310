import type { Container } from 'dockerode'
import { createInterface } from 'node:readline'
import { addAbortSignal, Readable } from 'node:stream'
import * as z from 'zod'
import type { SampledUsage } from './cgroup-reader.js'

const statsSchema = z.object({
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }),
  memory_stats: z.object({ max_usage: z.number().optional(), usage: z.number().optional() }),
})

/**
 * Follows the engine's own statistics of a container, about one sample a second: for machines where its control group
 * cannot be read. Ends by itself with the container, or when `signal` aborts. Never rejects.
 */
export async function followEngineStats(
  container: Container,
  onSample: (usage: SampledUsage) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const source: unknown = await container.stats({ stream: true })
    if (!(source instanceof Readable)) return
    addAbortSignal(signal, source)
    for await (const line of createInterface({ input: source })) {
      const stats = statsSchema.safeParse(JSON.parse(line))
      // A container that has ended has empty statistics.
      if (!stats.success || stats.data.cpu_stats.cpu_usage.total_usage === 0) continue
      const { cpu_stats: cpu, memory_stats: memory } = stats.data
      onSample({
        cpuSeconds: cpu.cpu_usage.total_usage / 1e9,
        peakMemoryBytes: memory.max_usage ?? memory.usage ?? null,
      })
    }
  } catch {
    // Usage is told where it can be seen, and missing where not: it never fails a run.
  }
}
