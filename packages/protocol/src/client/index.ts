export { createApi, type Api, type ApiOptions, type Call, type CallOptions } from './api.js'
export { createHttpFetch, type Fetch, type FetchInit, type FetchResponse } from './fetch.js'
export { followEvents, type FollowOptions } from './follow-events.js'
export { backoffMs, NO_RETRY, RETRY_BRIEFLY, RETRY_LONG, type RetryPolicy } from './retry.js'
