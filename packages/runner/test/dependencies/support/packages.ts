/** A package.json and its lockfile over the smallest of packages, as npm 10 writes them. */
export const NODE_FILES = {
  'package.json': JSON.stringify({ name: 'test', version: '1.0.0', dependencies: { 'is-number': '7.0.0' } }),
  'package-lock.json': JSON.stringify({
    name: 'test',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'test', version: '1.0.0', dependencies: { 'is-number': '7.0.0' } },
      'node_modules/is-number': {
        version: '7.0.0',
        resolved: 'https://registry.npmjs.org/is-number/-/is-number-7.0.0.tgz',
        integrity:
          'sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng==',
      },
    },
  }),
} as const

/** Pure Python, small, and without packages of their own. */
export const PYTHON_FILES = { 'requirements.txt': 'six==1.16.0\nidna==3.7\n' } as const
