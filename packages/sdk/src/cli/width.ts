import type { OutputStream } from './context.js'

const USUAL = 80

/** How many columns a stream has. Some terminals say 0 when they do not know. */
export const widthOf = ({ columns = 0 }: OutputStream): number => (columns > 0 ? columns : USUAL)
