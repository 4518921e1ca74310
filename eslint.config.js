import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const nodeGlobals = Object.fromEntries(
  (
    'AbortController AbortSignal Buffer ReadableStream Request Response TextDecoder TextEncoder URL clearInterval ' +
    'clearTimeout console fetch performance process setImmediate setInterval setTimeout structuredClone'
  )
    .split(' ')
    .map((name) => [name, 'readonly']),
)

const unusedVars = ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }]

export default defineConfig(
  globalIgnores(['**/dist/', '**/node_modules/', 'coverage/', 'docs/api/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [js.configs.recommended, tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      // One program over everything: faster than one for each package.
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // A handle is a promise: one that is dropped would hide how a run ended.
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': unusedVars,
      // An async method of an interface may have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
      'max-lines': ['error', 350],
      // 80 for all but factories, whose inner functions count as theirs.
      'max-lines-per-function': ['error', { max: 100, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name what is exported.' },
        { selector: 'ExportDefaultDeclaration', message: 'Give it a name.' },
      ],
    },
  },
  {
    files: ['packages/sdk/src/cli/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['packages/*/test/**', 'packages/e2e/**'],
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      // expect(mock.method) is how a test asks.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['*.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [js.configs.recommended],
    languageOptions: { globals: nodeGlobals },
    rules: { 'no-unused-vars': unusedVars },
  },
)
