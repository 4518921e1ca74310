import manifest from '../../package.json' with { type: 'json' }

/** The version of this package, put in at build time. */
export const readVersion = (): string => manifest.version
