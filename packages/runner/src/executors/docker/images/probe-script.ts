import { SOUGHT_PROGRAMS } from './prepared-image.js'

/**
 * Tells of a Python: `python`, its version, where its standard library is, whether that is compiled for it, and whether
 * it has pip. A compiled file counts when Python would take it: an old one, from before its source, is not taken.
 */
export const PYTHON_PROBE = `
import importlib.util, os, sys
def is_compiled(path):
    try:
        with open(importlib.util.cache_from_source(path), 'rb') as file:
            head = file.read(16)
        source = os.stat(path)
    except (OSError, NotImplementedError):
        return False
    if head[:4] != importlib.util.MAGIC_NUMBER:
        return False
    number = lambda start: int.from_bytes(head[start:start + 4], 'little')
    return number(4) != 0 or number(8) == int(source.st_mtime) & 0xFFFFFFFF
stdlib = os.path.dirname(importlib.util.find_spec('argparse').origin)
files = ('argparse.py', 'subprocess.py', 'typing.py', 'json/__init__.py', 'asyncio/__init__.py')
found = [os.path.join(stdlib, name) for name in files if os.path.exists(os.path.join(stdlib, name))]
word = lambda fact: 'yes' if fact else 'no'
print('python', '.'.join(map(str, sys.version_info[:3])), stdlib, word(all(map(is_compiled, found))),
      word(importlib.util.find_spec('pip') is not None), sep='\\t')
`

/** The last line of the probe: without it what came before is not the whole answer. */
export const END_LINE = 'rgrid-probe-end'

/**
 * Writes what a shell of an image is asked: `path`, whether there is `sleep`, and the programs with their versions, a
 * fact to a line and its parts separated by tabs.
 */
export function formatProbeScript(names: readonly string[]): string {
  const wanted = [...new Set([...SOUGHT_PROGRAMS, ...names])].map((name) => `'${name}'`).join(' ')
  return `
tab=$(printf '\\t')
find_program() {
  IFS=:
  for folder in $PATH; do
    [ -f "$folder/$1" ] && [ -x "$folder/$1" ] && echo "$folder/$1" && return
  done
}
echo "path$tab$PATH"
command -v sleep >/dev/null 2>&1 && echo "sleep"
for name in ${wanted}; do
  found=$(find_program "$name")
  [ -n "$found" ] || continue
  version=
  case $name in node | bash) version=$("$found" --version 2>/dev/null </dev/null) ;; esac
  # The first line.
  version=\${version%%
*}
  echo "program$tab$name$tab$found$tab$version"
  [ "$name" = python3 ] && "$found" -I -B -c '${PYTHON_PROBE.replaceAll("'", `'\\''`)}' </dev/null 2>/dev/null
done
echo ${END_LINE}
`
}
