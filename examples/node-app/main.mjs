import { run } from '@rgrid/sdk'

// Paths are relative to this file's folder, wherever the program is started.
const execution = run('count.py', {
  args: ['poem.txt'],
  cwd: import.meta.dirname,
  timeoutMs: 60_000,
})

for await (const piece of execution.logs()) {
  process[piece.stream].write(piece.text)
}

const result = await execution
console.log(`${result.status} with exit code ${result.exitCode}`)

for (const artifact of result.artifacts) {
  console.log(`${artifact.path}: ${(await artifact.text()).trim()} words in all`)
}

process.exitCode = result.ok ? 0 : 1
