import { createContainerInstaller } from '../../../src/dependencies/container-installer.js'
import { createDependencyStore } from '../../../src/dependencies/dependency-store.js'
import { createProcessInstaller } from '../../../src/dependencies/process-installer.js'

// A runner that installs and nothing else, to be killed: arguments are the executor, the instance, the store's
// directory, the base and the requirements.
const [, , executor, instance = '', directory = '', base = '', requirements = ''] = process.argv

const installer =
  executor === 'docker'
    ? createContainerInstaller({
        instance,
        uv: null,
        connect: async () => new (await import('dockerode')).default(),
      })
    : createProcessInstaller({ instance, uv: null, findProgram: async () => 'python3' })

await createDependencyStore({ directory, installer }).ensure({
  runtime: 'python',
  image: undefined,
  dependencies: { kind: 'requirements', path: 'requirements.txt' },
  script: 'main.py',
  project: 'prj_test',
  base,
  files: [{ path: 'requirements.txt', sha256: '0'.repeat(64), size: requirements.length, executable: false }],
  readFile: async () => Buffer.from(requirements),
  onProgress: () => undefined,
  signal: new AbortController().signal,
})
