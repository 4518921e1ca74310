import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const unit = ['protocol', 'sdk', 'server', 'runner', 'embedded']

/** Unit tests of one package, over the sources of its siblings: nothing needs to be built. */
const project = (name: string) => ({
  extends: true as const,
  test: { name, include: [`packages/${name}/test/**/*.test.ts`] },
})

export default defineConfig({
  resolve: { conditions: ['@rgrid/source'] },
  ssr: { resolve: { conditions: ['@rgrid/source', 'node', 'import'] } },
  test: {
    // Tests wait for scripts and containers for most of their time, so that few processors do well with more of them.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      ...unit.map(project),
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['packages/e2e/test/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
