import { createDockerExecutor, createRunner, loadRuntimes } from '@rgrid/runner'
import { join } from 'node:path'

// A runner in a process of its own, so that it can be stopped and its memory be looked at. Arguments: the server's
// address, the runner's instance, and its directory.
const [, , url = '', instance = '', directory = ''] = process.argv

const logger = {
  info: () => undefined,
  warn: (message: string) => void process.stderr.write(`${message}\n`),
}
const runner = createRunner({
  url,
  apiKey: process.env['RGRID_RUNNER_KEY'] ?? '',
  name: instance,
  slots: 4,
  workDirectory: join(directory, 'runner'),
  executors: [
    createDockerExecutor({
      instance,
      workDirectory: join(directory, 'docker'),
      cacheDirectory: process.env['RGRID_TEST_CACHE'] ?? join(directory, 'cache'),
      runtimes: await loadRuntimes(),
      logger,
    }),
  ],
  logger,
})
await runner.start()
process.stdout.write('claims\n')
process.once('SIGTERM', () => void runner.stop())
// The end of the tests, however they end: it shall not outlive them. Nobody listens any more then.
process.stdin.once('end', () => void runner.stop()).resume()
process.stdin.unref()
process.stderr.on('error', () => undefined)
await runner.closed

// Once it is closed nothing keeps the process: what does is a leak.
const LEAK_AFTER_MS = 5_000
setTimeout(() => {
  process.stderr.write(`kept alive by ${process.getActiveResourcesInfo().join(' ')}\n`)
  process.exit(1)
}, LEAK_AFTER_MS).unref()
