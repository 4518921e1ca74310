import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { askEngine } from './engine.js'

/** Knows from outside of RGrid which scripts have been started, as they say so themselves. */
export interface Canary {
  /** Where containers on the engine's bridge reach it. */
  readonly host: string
  readonly port: number
  /** How often a script has begun, by all attempts of its execution. */
  countStarts(executionId: string): number
  close(): void
}

/** Opens a {@link Canary}, which tells `onWord` what it hears before the script goes on. */
export async function openCanary(onWord: (word: string, executionId: string) => void): Promise<Canary> {
  const starts = new Map<string, number>()
  const server = createServer((socket) => {
    let text = ''
    socket.on('error', () => undefined)
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      if (!text.endsWith('\n')) return
      const [word = '', executionId = ''] = text.trim().split(' ')
      if (word === 'begin') starts.set(executionId, (starts.get(executionId) ?? 0) + 1)
      onWord(word, executionId)
      socket.end('.')
    })
  })
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  return {
    host: await getBridgeAddress(),
    port: (server.address() as AddressInfo).port,
    countStarts: (executionId) => starts.get(executionId) ?? 0,
    close: () => void server.close(),
  }
}

/** Where containers reach this machine. An engine that has just made its bridge only names the subnet. */
async function getBridgeAddress(): Promise<string> {
  const network = JSON.parse(await askEngine('GET', '/networks/bridge')) as {
    IPAM: { Config: { Gateway?: string; Subnet: string }[] }
  }
  const [config] = network.IPAM.Config
  if (config === undefined) throw new Error('the bridge of the engine has no subnet')
  return config.Gateway ?? config.Subnet.replace(/0\/\d+$/, '1')
}
