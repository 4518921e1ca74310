import { quote } from '../executors/docker/launch-script.js'
import type { InstallEnv } from './install-env.js'
import { toVersionCheck } from './python-version.js'
import type { Specification } from './specification.js'

/** Where an install script finds and leaves things, as it sees them itself. */
export interface InstallPaths {
  /** Becomes the layer. */
  readonly deps: string
  /** The files of the specification. */
  readonly spec: string
  readonly cache: string
  /** For what installers need in between; on disk, as builds are large. */
  readonly scratch: string
  /** The interpreter that packages are installed for, or its name on the PATH. */
  readonly python: string
  readonly npm: string
  /** Programs that may be uv, in order of preference. */
  readonly uv: readonly string[]
}

/**
 * Writes the shell script that installs a specification, the same in containers and on this machine. The environment
 * travels in it, so that no credentials are in what the engine knows of a container.
 */
export function formatInstallScript(
  specification: Specification,
  paths: InstallPaths,
  env: InstallEnv,
): string {
  const variables = { ...getOwnEnv(paths), ...env }
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`)
  const body = specification.kind === 'python' ? formatPython(specification, paths) : formatNode(paths)
  return ['set -eu', 'umask 022', 'exec 2>&1', ...exports, body, ''].join('\n')
}

/** The first line of the output where uv installs: what it says of a failure looks like nothing of pip's. */
export const WITH_UV = 'installing with uv'

/** No installer reads a configuration that happens to be there: what is configured is in the environment. */
function getOwnEnv({ cache, scratch }: InstallPaths): InstallEnv {
  return {
    HOME: scratch,
    TMPDIR: scratch,
    LC_ALL: 'C.UTF-8',
    PYTHONUNBUFFERED: '1',
    PIP_CONFIG_FILE: '/dev/null',
    PIP_CACHE_DIR: `${cache}/pip`,
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_INPUT: '1',
    PIP_PROGRESS_BAR: 'off',
    PIP_ROOT_USER_ACTION: 'ignore',
    UV_NO_CONFIG: '1',
    UV_CACHE_DIR: `${cache}/uv`,
    UV_LINK_MODE: 'copy',
    UV_NO_PROGRESS: '1',
    UV_PYTHON_DOWNLOADS: 'never',
    npm_config_userconfig: '/dev/null',
    npm_config_globalconfig: '/dev/null/none',
    npm_config_cache: `${cache}/npm`,
    npm_config_update_notifier: 'false',
    npm_config_progress: 'false',
  }
}

function formatPython({ entry, requiresPython }: Specification, paths: InstallPaths): string {
  const venv = quote(`${paths.deps}/venv`)
  const python = quote(`${paths.deps}/venv/bin/python`)
  const file = quote(entry)
  return `
cd ${quote(paths.spec)}
base=$(command -v ${quote(paths.python)}) || { echo 'rgrid: there is no '${quote(paths.python)}' to install for'; exit 1; }
${formatVersionCheck(requiresPython)}
uv=
for candidate in ${paths.uv.map(quote).join(' ')}; do
  if "$candidate" --version >/dev/null 2>&1; then uv=$candidate; break; fi
done
if [ -n "$uv" ]; then
  echo ${quote(WITH_UV)}
  "$uv" venv --quiet --no-project --python "$base" ${venv}
  "$uv" pip install --compile-bytecode --python ${python} -r ${file}
elif "$base" -m pip --python "$base" --version >/dev/null 2>&1; then
  "$base" -m venv --without-pip ${venv}
  "$base" -m pip --python ${python} install -r ${file}
elif "$base" -c 'import ensurepip, venv' >/dev/null 2>&1; then
  "$base" -m venv ${venv}
  ${python} -m pip install -r ${file}
else
  echo 'rgrid: there is neither uv nor pip: the image needs one of them, or Python with ensurepip'
  exit 1
fi
${python} -c ${quote(LINK_COMPILED)} ${quote(paths.deps)}`
}

function formatVersionCheck(requiresPython: string | undefined): string {
  if (requiresPython === undefined) return ''
  const check = `import sys; v = sys.version_info[:3]; ok = ${toVersionCheck(requiresPython)}
if not ok: sys.exit('rgrid: the script requires Python ${requiresPython}, this is %d.%d.%d' % v)`
  return `"$base" -c ${quote(check)}`
}

/**
 * Interpreters with a `PYTHONPYCACHEPREFIX` look for compiled files below that only. The ones that the installer made
 * are there a second time, as links, in a tree that can be mounted below it.
 */
const LINK_COMPILED = `import os, sys
deps = sys.argv[1]
target = os.path.join(deps, 'pycache')
os.makedirs(target, exist_ok=True)
for folder, _, names in os.walk(os.path.join(deps, 'venv')):
    if os.path.basename(folder) != '__pycache__': continue
    home = os.path.join(target, os.path.relpath(os.path.dirname(folder), deps))
    os.makedirs(home, exist_ok=True)
    for name in names: os.link(os.path.join(folder, name), os.path.join(home, name))
`

function formatNode({ deps, spec, npm }: InstallPaths): string {
  return `
cd ${quote(deps)}
cp ${quote(spec)}/*.json .
command -v ${quote(npm)} >/dev/null || { echo 'rgrid: there is no npm to install with'; exit 1; }
${quote(npm)} ci --omit=dev --no-audit --no-fund
mkdir -p node_modules`
}
