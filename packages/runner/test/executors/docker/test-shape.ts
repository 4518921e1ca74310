import type { PreparedImage } from '../../../src/executors/docker/images/prepared-image.js'
import { toShape, type Shape, type ShapeRequest } from '../../../src/executors/docker/shape.js'

/** Makes an image that is nowhere. */
export const createTestImage = (name: string, id = name): PreparedImage => ({
  id,
  name,
  hasShell: true,
  hasSleep: true,
  programs: { python3: { path: '/usr/bin/python3', version: '3.11.2' } },
  tools: { pip: false, uv: false, npm: false },
  pycacheDirectory: null,
  sharesFiles: true,
  sharesFifos: true,
  env: { PATH: '/usr/bin:/bin' },
})

/** A request for a container, as most are. */
export const PLAIN: ShapeRequest = {
  resources: {},
  network: undefined,
  isolation: 'execution',
  layer: undefined,
  project: 'default',
  scriptSha256: 'a'.repeat(64),
}

/** Makes a shape of an image that is nowhere. */
export const createTestShape = (
  name: string,
  { imageId = name, isShared = false }: { readonly imageId?: string; readonly isShared?: boolean } = {},
): Shape =>
  toShape({ ...PLAIN, isolation: isShared ? 'shared' : 'execution' }, createTestImage(name, imageId))
