import type { Fetch } from '@rgrid/protocol/client'
import type { RGridServer } from '@rgrid/server'

/** Makes a `fetch` that hands requests to a server in this process, without a socket. */
export const createDirectFetch =
  (server: RGridServer): Fetch =>
  (url, init) =>
    server.fetch(new Request(url, init))
