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

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

/**
 * What dockerode loads at its start but needs only for engines behind SSH and for BuildKit, which RGrid uses neither
 * of: a hundred packages, one of them compiled at its installation.
 */
const leaveOutUnused: Plugin = {
  name: 'leave-out-unused',
  setup(build) {
    build.onResolve({ filter: /^(?:ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs)$/ }, ({ path }) => ({
      path,
      namespace: 'left-out',
    }))
    build.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {}' }))
    // RGrid speaks English: sixty other languages of zod's messages are a third of the program.
    build.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({ contents: '' }))
  },
}

/** A program: everything that it needs in a few files, as a hundred small ones take longer to load than to run. */
const program = (entry: Record<string, string>, external: string[]): Options => ({
  ...shared,
  clean: !existsSync('src/index.ts'),
  entry,
  // esbuild leaves out what is unused by itself; the further pass would load every module of zod again.
  treeshake: false,
  minify: true,
  noExternal: [new RegExp(`^(?!(?:node:|${external.join('|')}))`)],
  esbuildPlugins: [leaveOutUnused],
  esbuildOptions(options) {
    options.conditions = ['@rgrid/source', 'import']
  },
  // CommonJS inside an ESM bundle needs a `require`.
  banner: {
    js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);",
  },
})

const sdkProgram = program({ cli: 'src/cli/cli.ts' }, ['@rgrid/embedded'])
const wrapperProgram = program({ rgrid: 'src/rgrid.ts' }, ['better-sqlite3'])

export default defineConfig(
  existsSync('src/rgrid.ts')
    ? wrapperProgram
    : existsSync('src/cli/cli.ts')
      ? [library, sdkProgram]
      : library,
)
