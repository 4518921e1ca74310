import { existsSync, readFileSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'

// tsup runs in each package's own folder, so that the package's dependencies stay external.
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports?: Record<string, string | Record<string, string>>
}

/** Every export that has types: `./src/client/index.ts` is built to `dist/client/index.js`. */
const entry: Record<string, string> = {}
for (const target of Object.values(manifest.exports ?? {})) {
  if (typeof target === 'string' || target['types'] === undefined) continue
  const source = target['@rgrid/source'] ?? ''
  entry[source.replace(/^\.\/src\/|\.ts$/g, '')] = source.slice(2)
}

const shared: Options = {
  format: 'esm',
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  splitting: true,
  treeshake: true,
  silent: true,
}

const library: Options = {
  ...shared,
  clean: true,
  entry,
  // tsup passes a baseUrl of its own, which TypeScript 6 deprecates.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
}

const cli: Options = {
  ...shared,
  entry: { cli: 'src/cli/cli.ts' },
  // CommonJS inside an ESM bundle needs a `require`.
  banner: {
    js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);",
  },
  noExternal: ['commander', 'ignore', 'smol-toml'],
}

export default defineConfig(existsSync('src/cli/cli.ts') ? [library, cli] : library)
