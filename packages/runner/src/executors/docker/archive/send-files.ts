import type Docker from 'dockerode'
import type { Container } from 'dockerode'
import { packTarSources } from 'modern-tar/fs'
import type { ContainerUser } from '../container-user.js'
import type { ContainerDirectory } from '../control-directory.js'
import { createContainer } from '../create-container.js'
import { removeContainer } from '../remove-container.js'
import type { PlaceVolumes } from './place-volumes.js'

/** What goes to an engine, and where. */
export interface FilesToSend {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly imageId: string
  readonly directory: ContainerDirectory
  readonly volumes: PlaceVolumes
  readonly user: ContainerUser
}

const FOLDER_MODE = 0o755
const FILE_MODE = 0o444

/** Makes a container that is never started: through it the volumes can be filled that another sees read-only. */
export function createCarrier(docker: Docker, files: FilesToSend): Promise<Container> {
  const mount = (source: string, target: string) => ({
    Type: 'volume' as const,
    Source: source,
    Target: target,
    VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: '', Options: {} } },
  })
  return createContainer(docker, {
    name: `${files.name}-files`,
    Image: files.imageId,
    Entrypoint: ['/rgrid-never-started'],
    Cmd: [],
    Env: [],
    Healthcheck: { Test: ['NONE'] },
    NetworkDisabled: true,
    Labels: { ...files.labels },
    HostConfig: {
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Mounts: [mount(files.volumes.work, '/work'), mount(files.volumes.control, '/rgrid')],
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
    },
  })
}

/**
 * Fills the volumes of a container that has not been started, through its carrier, which is removed. The archive is
 * the runner's own and is not compressed: what an engine unpacks it with may be a program of the image.
 *
 * `/work` belongs to the container's user, and nothing in `/rgrid` does, which that user can only read.
 */
export async function sendFiles(
  carrier: Container,
  { directory, user }: Pick<FilesToSend, 'directory' | 'user'>,
): Promise<void> {
  const archive = packTarSources(
    [
      { type: 'directory', source: directory.workDir, target: 'work' },
      { type: 'directory', source: directory.mountDir, target: 'rgrid' },
    ],
    {
      map(header) {
        const nobodysName = { ...header, uname: '', gname: '' }
        if (header.name === 'work' || header.name.startsWith('work/'))
          return { ...nobodysName, uid: user.uid, gid: user.gid }
        const mode = header.type === 'directory' ? FOLDER_MODE : FILE_MODE
        return { ...nobodysName, uid: 0, gid: 0, mode }
      },
    },
  )
  await carrier.putArchive(archive, { path: '/' })
  await removeContainer(carrier)
}
