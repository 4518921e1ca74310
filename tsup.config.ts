import { existsSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'

// tsup runs in each package's own folder, so that the package's dependencies stay external.
const shared: Options = {
  format: 'esm',
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  splitting: true,
  treeshake: true,
  clean: true,
}

const subpaths = ['client'].filter((name) => existsSync(`src/${name}/index.ts`) && !existsSync('src/run.ts'))

const library: Options = {
  ...shared,
  entry: Object.fromEntries([
    ['index', 'src/index.ts'],
    ...subpaths.map((name) => [`${name}/index`, `src/${name}/index.ts`]),
  ]),
  // tsup passes a baseUrl of its own, which TypeScript 6 deprecates.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
}

const cli: Options = {
  ...shared,
  clean: false,
  entry: { cli: 'src/cli/cli.ts' },
  // CommonJS inside an ESM bundle needs a `require`.
  banner: {
    js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);",
  },
  noExternal: ['commander', 'ignore', 'smol-toml'],
}

export default defineConfig(existsSync('src/cli/cli.ts') ? [library, cli] : library)
