#!/usr/bin/env bash
# Makes the images that the tests run in, where they are absent or were made by another version of this script. No
# registry is needed: a Debian root file system with Python and bash comes from debootstrap, this machine's own Node and
# npm are copied into a second image, and further ones lack what some images in the world lack.
#
# Run as root, with a Docker engine that answers.
set -euo pipefail

# To be raised with every change to what is in an image.
version=2

python_image=rgrid-test/python
bare_image=rgrid-test/python-bare
distroless_image=rgrid-test/python-distroless
node_image=rgrid-test/node
suite=${RGRID_DEBIAN_SUITE:-bookworm}
mirror=${RGRID_DEBIAN_MIRROR:-http://deb.debian.org/debian}
label=rgrid.test-image

# An older image is tagged over and never deleted, as containers may be running from it.
is_current() {
  [ "$(docker image inspect --format "{{ index .Config.Labels \"$label\" }}" "$1" 2>/dev/null)" = "$version" ]
}

build() {
  printf 'LABEL %s=%s\n' "$label" "$version" >>"$2/Dockerfile"
  DOCKER_BUILDKIT=0 quietly docker build --network none --force-rm --tag "$1" "$2"
}

# What it prints is shown when it fails.
quietly() {
  "$@" >"$work/log" 2>&1 && return
  tail -n 30 "$work/log" >&2
  return 1
}

work=$(mktemp -d)
# What debootstrap may have left mounted must not be deleted through the mount.
trap 'rm -rf --one-file-system "$work"' EXIT

make_python() {
  # python3, as python3-minimal lacks json.
  quietly debootstrap --variant=minbase --include=python3,python3-pip,python3-venv "$suite" "$work/root" "$mirror"
  rm -rf "$work/root/var/cache/apt" "$work/root/var/lib/apt/lists" "$work/root/usr/share/"{doc,locale,man}
  tar -C "$work/root" -c . | docker import --change "LABEL $label=$version" - "$python_image" >/dev/null
}

# As the official Python images: no compiled standard library.
make_bare() {
  printf 'FROM %s\nRUN find / -xdev -name __pycache__ -prune -exec rm -rf {} +\n' "$python_image" >"$1/Dockerfile"
  build "$bare_image" "$1"
}

# As the distroless images: a program and nothing to start it with.
make_distroless() {
  cat >"$1/remove.py" <<'PYTHON'
import os

for folder in ("/bin", "/usr/bin"):
    for name in ("sh", "dash", "bash", "rbash", "sleep", "env"):
        if os.path.lexists(f"{folder}/{name}"):
            os.remove(f"{folder}/{name}")
os.remove("/remove.py")
PYTHON
  printf 'FROM %s\nCOPY remove.py /\nRUN ["python3", "/remove.py"]\n' "$python_image" >"$1/Dockerfile"
  build "$distroless_image" "$1"
}

make_node() {
  local npm library
  cp "$(node -p process.execPath)" "$1/node"
  npm=$(npm root --global --silent)/npm
  cp -RL "$npm" "$1/npm"
  cat >"$1/Dockerfile" <<DOCKERFILE
FROM $python_image
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \\
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
DOCKERFILE
  # Node from elsewhere may want the C++ library, which a minimal Debian lacks.
  library=$(ldd "$1/node" | awk '$1 == "libstdc++.so.6" { print $3 }')
  if [ -n "$library" ]; then
    cp -L "$library" "$1/libstdc++.so.6"
    printf 'COPY libstdc++.so.6 /usr/local/lib/\nRUN ldconfig\n' >>"$1/Dockerfile"
  fi
  build "$node_image" "$1"
}

# An image that cannot run its program is found here, not in a test.
run() { docker run --rm --network none "$@"; }
check_python() { run "$python_image" bash -c 'python3 -c "import json, venv, ensurepip" && pip --version >/dev/null'; }
check_bare() { run "$bare_image" python3 -Bc 'import json, sys; sys.exit(json.__cached__ is None)'; }
check_distroless() { run "$distroless_image" python3 -c 'import json, os, sys; sys.exit(os.path.exists("/bin/sh"))'; }
check_node() { run "$node_image" bash -c 'node -e 0 && npm --version >/dev/null && npx --version >/dev/null'; }

# The image of Python comes first: the others are made from it.
made=
for name in python bare distroless node; do
  image=${name}_image
  is_current "${!image}" && continue
  made=yes
  echo "make-images: making ${!image}"
  mkdir "$work/$name"
  "make_$name" "$work/$name"
  "check_$name"
done
[ -n "$made" ] && echo 'make-images: the images are there' || echo 'make-images: the images are there already'
