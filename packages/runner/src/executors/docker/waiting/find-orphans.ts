import type { ContainerInfo } from 'dockerode'
import type { Layer, Orphan } from '../../executor.js'
import { LABELS } from '../container-policy.js'
import { openContainerDirectory, readNote } from '../control-directory.js'
import type { EngineWatch } from '../engine-watch.js'
import { readProcesses } from '../list-processes.js'
import { getHome } from '../sweep-containers.js'
import { limitDisk } from '../watch-disk.js'
import type { ContainerContext } from './create-waiting-container.js'
import { followWaiting, listenTo } from './follow-waiting.js'
import { parseLaunchNote, type LaunchNote } from './launch-note.js'
import { give } from './launch-waiting.js'
import { hangUp } from './open-fifo.js'
import { openContainer, toFifo } from './waiting-container.js'

/** What it takes to go on with scripts. */
export interface OrphanContext extends ContainerContext {
  readonly engine: EngineWatch
  /** Keeps the dependencies of a script from being removed until the returned function is called. */
  readonly retain: (layer: Layer) => () => void
}

/** Finds the containers of an instance in which a script runs that nobody follows. */
export async function findOrphans(context: OrphanContext): Promise<Orphan[]> {
  const { docker, instance, root, homes } = context
  const filters = { label: [`${LABELS.instance}=${instance}`], status: ['running'] }
  const orphans: Orphan[] = []
  for (const info of await docker.listContainers({ filters })) {
    const home = getHome(info, root)
    if (home === undefined || homes.has(home)) continue
    const note = parseLaunchNote((await readNote(home)) ?? '')
    if (note !== undefined) orphans.push(createOrphan(context, info, home, note))
  }
  return orphans
}

function createOrphan(
  context: OrphanContext,
  { Id }: ContainerInfo,
  home: string,
  found: LaunchNote,
): Orphan {
  const { docker, user, homes, hasInit, engine, retain } = context
  let note = found
  const open = () => openContainerDirectory(home, user, homes)
  return {
    memo: note.memo,
    remember(memo) {
      note = { ...note, memo }
      open().note(JSON.stringify(note))
    },
    adopt() {
      homes.add(home)
      const { deadlineMs, memoryMib, diskMib, inputBytes, token, endMark, startedAt, environment } = note
      const release = note.layer === null ? undefined : retain(note.layer)
      const started = openContainer(docker.getContainer(Id), open(), hasInit)
      const listening = listenTo(started, Buffer.from(endMark, 'hex'))
      // The order may never have been given; else the container ends with the script, as its end may have been told to nobody.
      if (!give(started, note)) hangUp(toFifo(started.directory, 'events'))
      const running = followWaiting(started, listening, {
        ...{ token, deadlineMs, memoryMib, engine },
        before: note.before ?? undefined,
        startedAt: performance.now() - (Date.now() - startedAt),
        own: undefined,
        onGoodEnd: () => undefined,
      })
      const { workDir } = started.directory
      const limit = { directory: workDir, limitMib: diskMib, inputBytes }
      return {
        startedAt,
        running: limitDisk(running, { ...limit, listProcesses: () => readProcesses(Id) }),
        place: {
          workDir,
          container: 'warm',
          environment,
          remove: () => started.destroy().finally(release),
        },
      }
    },
  }
}
