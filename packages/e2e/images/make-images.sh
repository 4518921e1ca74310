#!/usr/bin/env bash
# Makes the images that the tests run in, where they are absent. No registry is needed: a Debian root file system with
# Python and bash comes from debootstrap, and this machine's own Node is copied into a second image.
#
# Run as root, with a Docker engine that answers.
set -euo pipefail

python_image=rgrid-test/python
node_image=rgrid-test/node
suite=${RGRID_DEBIAN_SUITE:-bookworm}
mirror=${RGRID_DEBIAN_MIRROR:-http://deb.debian.org/debian}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

work=$(mktemp -d)
# What debootstrap may have left mounted must not be deleted through the mount.
trap 'rm -rf --one-file-system "$work"' EXIT

if ! has_image "$python_image"; then
  echo "make-images: making $python_image (about a minute)"
  # python3, as python3-minimal lacks json.
  if ! debootstrap --variant=minbase --include=python3 "$suite" "$work/root" "$mirror" >"$work/log" 2>&1; then
    tail -n 30 "$work/log" >&2
    exit 1
  fi
  rm -rf "$work/root/var/cache/apt" "$work/root/var/lib/apt/lists" "$work/root/usr/share/doc"
  tar -C "$work/root" -c . | docker import - "$python_image" >/dev/null
fi

if ! has_image "$node_image"; then
  echo "make-images: making $node_image"
  mkdir "$work/node"
  cp "$(node -p process.execPath)" "$work/node/node"
  printf 'FROM %s\nCOPY node /usr/local/bin/node\n' "$python_image" >"$work/node/Dockerfile"
  # Node from elsewhere may want the C++ library, which a minimal Debian lacks.
  library=$(ldd "$work/node/node" | awk '$1 == "libstdc++.so.6" { print $3 }')
  if [ -n "$library" ]; then
    cp -L "$library" "$work/node/libstdc++.so.6"
    printf 'COPY libstdc++.so.6 /usr/local/lib/\nRUN ldconfig\n' >>"$work/node/Dockerfile"
  fi
  DOCKER_BUILDKIT=0 docker build --network none --quiet --tag "$node_image" "$work/node" >/dev/null
fi

# An image that cannot run its program is found here, not in a test.
docker run --rm --network none "$python_image" python3 -c 'import json'
docker run --rm --network none "$python_image" bash -c :
docker run --rm --network none "$node_image" node -e 0
echo "make-images: $python_image and $node_image are there"
