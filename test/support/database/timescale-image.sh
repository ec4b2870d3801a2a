#!/usr/bin/env bash
# Makes a stand-in for the official TimescaleDB image where no image can be pulled: Debian 13 with its own TimescaleDB (Apache edition:
# hypertables and time_bucket, no columnstore, no continuous aggregates) and an entrypoint that takes the official image's settings.
# Usage, as root: timescale-image.sh NAME    (needs podman, mmdebstrap)
# An image made earlier from these same files is kept. busybox is for the images that are made from it (compose/stand-in-images.sh).
set -euo pipefail
name=$1
here=$(cd "$(dirname "$0")" && pwd)
recipe=$(cat "$here/timescale-image.sh" "$here/timescale-entrypoint.sh" | sha256sum | cut -c 1-16)

if [ "$(podman image inspect --format '{{index .Labels "tapedeck.recipe"}}' "$name" 2>/dev/null)" = "$recipe" ]; then
  echo "kept $name, made earlier from recipe $recipe"
  exit
fi

# The packages come from wherever this machine's own Debian packages come from. apt checks their signatures with debian-archive-keyring.
. /etc/os-release
mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
  awk -v release="$VERSION_CODENAME" '$1 == release && !found { found = $2 } END { print found }')
[ -n "$mirror" ] || { echo "expected Debian $VERSION_CODENAME among apt's sources, found none: add it, run 'apt-get update'" >&2; exit 1; }

# Named only once it is whole: a cut-off import must not be taken for the image by the next run.
id=$(
  mmdebstrap --quiet --variant=minbase --include=postgresql-17-timescaledb,busybox \
    --aptopt='Acquire::Retries "3"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --customize-hook='rm -r "$1/var/lib/postgresql/17" "$1/etc/postgresql/17"' \
    --customize-hook='chroot "$1" install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data' \
    --customize-hook='ln -s busybox "$1/usr/bin/wget"' \
    --customize-hook="install -m 755 '$here/timescale-entrypoint.sh' \"\$1/usr/local/bin/docker-entrypoint.sh\"" \
    trixie - "deb $mirror trixie main" |
    podman import --quiet \
      --change "LABEL tapedeck.recipe=$recipe" \
      --change 'ENV PATH=/usr/lib/postgresql/17/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
      --change 'ENV LANG=C.UTF-8' \
      --change 'ENV PGDATA=/var/lib/postgresql/data' \
      --change 'ENTRYPOINT ["docker-entrypoint.sh"]' \
      --change 'CMD ["postgres"]' \
      --change 'STOPSIGNAL SIGINT' \
      --change 'EXPOSE 5432' \
      -
)
podman tag "$id" "$name"
# What an older recipe left behind. It stays while a container still uses it.
podman image prune --force --filter label=tapedeck.recipe >/dev/null 2>&1 || true
echo "made $name from recipe $recipe"
