import { startRunner } from '@rgrid/embedded'

// A runner in a process of its own, so that it can be killed. Arguments: the server's address and the data directory.
const [, , url = '', dataDirectory = ''] = process.argv

const logger = {
  info: (message: string) => void process.stderr.write(`${message}\n`),
  warn: (message: string) => void process.stderr.write(`${message}\n`),
}
const runner = await startRunner({
  url,
  apiKey: process.env['RGRID_API_KEY'] ?? '',
  dataDirectory,
  slots: 4,
  logger,
})
process.stdout.write('claims\n')
process.once('SIGTERM', () => void runner.close())
await runner.closed
