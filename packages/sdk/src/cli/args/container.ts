import type { Isolation, Network } from '@rgrid/protocol'
import { Option } from 'commander'

const NETWORKS = ['none', 'bridge'] as const satisfies readonly Network[]
const ISOLATIONS = ['execution', 'shared'] as const satisfies readonly Isolation[]

/** What a script's container is: `--image`, `--network`, `--isolation`. */
export const containerOptions = (): Option[] => [
  new Option('--image <ref>', "an image in place of the runtime's, where the server allows it"),
  new Option('--network <name>', 'bridge reaches out (default: none, in containers)').choices(NETWORKS),
  new Option(
    '--isolation <name>',
    'shared lets executions of the same script use one container in turn (default: execution)',
  ).choices(ISOLATIONS),
]
