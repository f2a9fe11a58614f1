#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
  cat <<'TEXT'
Usage: tests/chroot.sh [--keep] [--folder DIR] [COMMAND [ARGUMENT]...]

Shows that a fresh Debian 12 with nothing but git and a shell is enough: debootstraps one into a folder,
clones this repository into it as it is committed, and runs COMMAND there (default: script/demo), twice,
each timed.  Needs root, debootstrap and a network; by hand, not in continuous integration.

  --keep        leave the folder for a look
  --folder DIR  where it goes (default: a new one under ${TMPDIR:-/tmp}); 6 GB

Example:
  tests/chroot.sh script/demo --format json
TEXT
}

keep=no folder=
while [ $# -gt 0 ]; do
  case "$1" in
    --keep) keep=yes; shift ;;
    --folder) folder=${2:?--folder needs a name}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || set -- script/demo
if [ "$(id -u)" != 0 ]; then
  echo "error: a chroot needs root" >&2
  exit 5
fi
command -v debootstrap >/dev/null || { echo "error: debootstrap is missing" >&2; exit 5; }

# The mirror and the suites are the host's own.
sources=$(find /etc/apt -maxdepth 2 \( -name 'debian.sources' -o -name 'sources.list' \) -size +0 | head -n 1)
mirror=$(grep -hoE '(https?|file)://[^ ]+' "$sources" | grep -v -e security -e snapshot | head -n 1)

[ -n "$folder" ] || folder=$(mktemp -d -t sealane-chroot-XXXXXX)
system=$folder/debian
cleanup() {
  for inside in proc dev/pts dev; do
    if mountpoint -q "$system/$inside"; then umount "$system/$inside"; fi
  done
  [ "$keep" = yes ] || rm -rf --one-file-system "$folder"
}
trap cleanup EXIT

echo "== a fresh Debian 12 in $system"
debootstrap --variant=minbase --include=git,ca-certificates bookworm "$system" "$mirror" >"$folder/debootstrap.log"
rm -f "$system/etc/apt/sources.list"
case "$sources" in
  *.sources) cp "$sources" "$system/etc/apt/sources.list.d/" ;;
  *) cp "$sources" "$system/etc/apt/sources.list" ;;
esac
# A proxy, a certificate or a name server of the host is part of its network, not of the machine under test.
cp /etc/resolv.conf "$system/etc/resolv.conf"
cp /etc/hosts "$system/etc/hosts"
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
  cp /etc/ssl/certs/ca-certificates.crt "$system/etc/ssl/certs/ca-certificates.crt"
fi
mount -t proc proc "$system/proc"
mount -t tmpfs -o mode=755 dev "$system/dev"
mkdir -p "$system/dev/shm" "$system/dev/pts"
mknod -m 666 "$system/dev/null" c 1 3
mknod -m 666 "$system/dev/zero" c 1 5
mknod -m 666 "$system/dev/random" c 1 8
mknod -m 666 "$system/dev/urandom" c 1 9
mknod -m 666 "$system/dev/tty" c 5 0
mount -t devpts devpts "$system/dev/pts"
ln -s ../proc/self/fd "$system/dev/fd"

git clone --quiet --no-hardlinks "$root" "$system/sealane"
echo "== commit $(git -C "$root" rev-parse --short HEAD); packages: $(chroot "$system" dpkg-query -W -f '.' | wc -c)"

inside() {
  # Only what a login shell has, and the host's proxy when there is one.
  chroot "$system" env -i HOME=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} \
    bash -c 'cd /sealane && exec "$@"' bash "$@"
}
for run in fresh warm; do
  echo "== $run: $*"
  start=$SECONDS
  inside "$@"
  echo "== $run: exit 0 after $((SECONDS - start)) s"
done
