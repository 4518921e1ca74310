import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createRemoteEngine } from '../../remote-engine.js'
import { requireDocker } from '../../require-docker.js'
import { listen, makeStore } from './make-store.js'

// Its Python comes without compiled files.
const BARE = 'rgrid-test/python-bare'

const engine = await createRemoteEngine()
afterAll(() => engine.close())

describe.skipIf(!(await requireDocker()))('an image on an engine that sees no files', () => {
  it('is prepared without what would have to be mounted, which an engine that does makes up for', async () => {
    const [far, near] = [listen(), listen()]
    const elsewhere = { address: engine.address, cacheDirectory: join(engine.unseen, 'cache') }
    const { store } = await makeStore(elsewhere)
    const { store: later } = await makeStore(elsewhere)
    // The same directory, by the name that every process sees.
    const { store: other } = await makeStore({ cacheDirectory: join(process.cwd(), 'cache') })

    const unshared = await store.ensure(BARE, far)
    const shared = await other.ensure(BARE, near)
    const again = await later.ensure(BARE, listen())

    expect(unshared).toMatchObject({ sharesFiles: false, sharesFifos: false, pycacheDirectory: null })
    expect(far.messages).toEqual([`preparing image ${BARE}`])
    expect(shared).toMatchObject({ sharesFiles: true, sharesFifos: true })
    expect(shared.pycacheDirectory).not.toBe(null)
    expect(again.pycacheDirectory).toBe(null)
  })
})
