import type { Option } from 'commander'
import { integerOption } from './integer.js'

/** The port of `rgrid up` and `rgrid server`. */
const DEFAULT_PORT = 7433

/** `--port NUMBER`; 0 lets the system choose. */
export const portOption = (): Option =>
  integerOption('--port <number>', 'the port to listen on; 0 for any free one', 0, 65_535).default(
    DEFAULT_PORT,
  )
