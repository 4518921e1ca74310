import type { PreparedImage } from './images/prepared-image.js'
import { StartError } from '../executor.js'
import { askEngine } from './ask-engine.js'
export const createImageStore = ({ socketPath }: { socketPath: string; [k: string]: unknown }) => {
  const cache = new Map<string, Promise<PreparedImage & { sharesFifos: boolean }>>()
  return {
    async has(name: string) {
      return (await askEngine(socketPath, `/images/${name}/json`, 5000)).status === 200
    },
    ensure(name: string, _o: unknown) {
      const make = async () => {
        const a = await askEngine(socketPath, `/images/${name}/json`, 5000)
        if (a.status !== 200) throw new StartError('image_pull', 'no image ' + name)
        return {
          id: JSON.parse(a.text).Id as string,
          name,
          hasShell: true,
          hasSleep: true,
          sharesFifos: true,
          programs: {
            python3: { path: '/usr/bin/python3', version: null },
            node: { path: '/usr/local/bin/node', version: null },
            bash: { path: '/bin/bash', version: null },
          },
          tools: { pip: true, uv: false, npm: true },
          pycacheDirectory: null,
          env: {},
        }
      }
      const f = cache.get(name) ?? make()
      cache.set(name, f)
      return f
    },
  }
}
