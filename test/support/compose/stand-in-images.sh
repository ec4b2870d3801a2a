#!/usr/bin/env bash
# Makes stand-ins, under their names, for the images that compose/compose.yaml and compose/Dockerfile pull, where nothing can be pulled: Debian 13
# as of timescale-image.sh with the programs that the official images have, and busybox for their wget. Grafana and IB Gateway have none.
# Usage, as root: stand-in-images.sh NODE    (NODE: folder with Node 24's `node`; needs podman, npm, the tools of
# debian-tools.sh in TAPEDECK_TEST_TOOLS, and the image of timescale-image.sh, TEST_TIMESCALE_IMAGE)
# Images made earlier from this same file and these same programs are kept.
set -euo pipefail
node=$1
tools=$TAPEDECK_TEST_TOOLS
root=$(cd "$(dirname "$0")/../../.." && pwd)
recipe=$({ sha256sum "$0" "$tools/.recipe" "$node/node"; podman image inspect --format '{{.Id}}' "$TEST_TIMESCALE_IMAGE"; } | sha256sum | cut -c 1-16)
export BUILDAH_FORMAT=docker

# The names as they stand in the project.
node_image=$(sed -n 's/^ARG NODE_IMAGE=//p' "$root/compose/Dockerfile")
images=$("$tools/bin/docker-compose" --file "$root/compose/compose.yaml" --env-file "$root/compose/demo.env" config --images)
named() { grep -E "/$1:" <<<"$images"; }
podman tag "$TEST_TIMESCALE_IMAGE" "$(named timescaledb)"

if [ "$(podman image inspect --format '{{index .Labels "tapedeck.recipe"}}' "$(named alertmanager)" 2>/dev/null)" = "$recipe" ]; then
  echo "kept the stand-ins, made earlier from recipe $recipe"
  exit
fi

# $1: name, $2: folder with what it copies; the rest of the Dockerfile comes from standard input.
make() {
  {
    echo "FROM $TEST_TIMESCALE_IMAGE"
    # Not its database, nor how it is started.
    printf '%s\n' 'RUN rm -rf /usr/lib/postgresql' 'ENTRYPOINT []' 'CMD []' 'STOPSIGNAL SIGTERM'
    cat
    echo "LABEL tapedeck.recipe=$recipe"
  } |
    podman build --quiet --network none --tag "$1" --file - "$2" >/dev/null
  echo "made $1 from recipe $recipe"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/node"
cp "$node/node" "$work/node/"
cp -RL "$(npm root --global 2>/dev/null)/npm" "$work/node/npm"
make "$node_image" "$work/node" <<'DOCKERFILE'
RUN useradd --uid 1000 --create-home --shell /bin/bash node
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
CMD ["node"]
DOCKERFILE
make "$(named prometheus)" "$tools/prometheus-3" <<'DOCKERFILE'
COPY prometheus promtool /bin/
RUN install -d -o 65534 -g 65534 -m 775 /prometheus
USER 65534
ENTRYPOINT ["/bin/prometheus"]
DOCKERFILE
make "$(named postgres-exporter)" "$tools/bin" <<'DOCKERFILE'
COPY prometheus-postgres-exporter /bin/postgres_exporter
USER 65534
ENTRYPOINT ["/bin/postgres_exporter"]
DOCKERFILE
# The last one: its label says that all are there.
make "$(named alertmanager)" "$tools" <<'DOCKERFILE'
COPY bin/prometheus-alertmanager /bin/alertmanager
COPY bin/amtool /bin/
COPY alertmanager-templates /usr/share/prometheus/alertmanager
RUN install -d -o 65534 -g 65534 -m 775 /alertmanager
USER 65534
ENTRYPOINT ["/bin/alertmanager"]
DOCKERFILE
