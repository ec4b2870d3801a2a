#!/usr/bin/env bash
# Fetches the programs that the tests of the stack run for real, as Debian packages, and unpacks them into a folder. Installs nothing, and
# needs no root; the programs are self-contained and run on Debian 12 and newer.
# Usage: debian-tools.sh FOLDER    (needs apt and dpkg-deb; prints what it made, by version)
#
#   FOLDER/prometheus-2/prometheus, promtool       Debian 13: 2.53
#   FOLDER/prometheus-3/prometheus, promtool       Debian testing: 3.5
#   FOLDER/bin/prometheus-alertmanager, amtool     Debian 13: 0.28
#   FOLDER/alertmanager-templates/default.tmpl     of it; Debian's Alertmanager wants it in /usr/share/prometheus/alertmanager
#   FOLDER/bin/prometheus-postgres-exporter        Debian 13: 0.17
#   FOLDER/bin/docker-compose                      Debian 13: 2.26
#
# Tests find them by the variable TAPEDECK_TEST_TOOLS, which names FOLDER, through test/support/tools.ts. A tool that is not there makes a
# test skip loudly, or fail where TAPEDECK_REQUIRE_TOOLS=1.
# apt checks the signature of each release with debian-archive-keyring, and the checksum of each package by the release's index. A folder made
# earlier from this same file is kept.
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
recipe=$(sha256sum "$0" | cut -c 1-16)
if [ "$(cat "$folder/.recipe" 2>/dev/null)" = "$recipe" ]; then
  echo "kept the tools in $folder, made earlier from recipe $recipe"
  exit
fi

# The packages come from wherever this machine's own Debian packages come from.
. /etc/os-release
mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
  awk -v release="$VERSION_CODENAME" '$1 == release && !found { found = $2 } END { print found }')
[ -n "$mirror" ] || { echo "expected Debian $VERSION_CODENAME among apt's sources, found none: add it, run 'apt-get update'" >&2; exit 1; }

# An apt of its own: it must neither read nor change what the machine's knows.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{state/lists,cache/archives}/partial "$work/none"
signed='signed-by=/usr/share/keyrings/debian-archive-keyring.gpg'
printf "deb [$signed] $mirror %s main\n" trixie testing >"$work/sources.list"
cat >"$work/apt.conf" <<CONF
Dir::State "$work/state";
Dir::State::status "/dev/null";
Dir::Cache "$work/cache";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "$work/none";
Dir::Etc::preferencesparts "$work/none";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "root";
CONF
export APT_CONFIG=$work/apt.conf
apt-get -qq update

fetch() { # $1: release, $2: folder, then the packages
  local into=$2 packages=("${@:3}") release=$1 package
  mkdir -p "$work/$into" "$work/root/$into"
  (cd "$work/$into" && apt-get -qq download "${packages[@]/%//$release}")
  for package in "$work/$into"/*.deb; do
    dpkg-deb --extract "$package" "$work/unpacked-$into"
    dpkg-deb --show --showformat "$into: \${Package} \${Version}\n" "$package"
  done
}

fetch trixie prometheus-2 prometheus promtool
fetch testing prometheus-3 prometheus promtool
fetch trixie bin prometheus-alertmanager prometheus-postgres-exporter docker-compose
for into in prometheus-2 prometheus-3 bin; do
  # -L: docker-compose is a link into another folder.
  cp -L "$work/unpacked-$into"/usr/bin/* "$work/root/$into/"
done
cp -r "$work/unpacked-bin/usr/share/prometheus/alertmanager" "$work/root/alertmanager-templates"
for major in 2 3; do
  "$work/root/prometheus-$major/prometheus" --version 2>&1 | grep -q "version $major\." ||
    { echo "expected Prometheus $major, found another: change the release that it is taken from in $0" >&2; exit 1; }
done

# Whole or not at all: a cut-off run must not be taken for the tools by the next.
rm -rf "$folder/.recipe" "$folder"/{prometheus-2,prometheus-3,bin,alertmanager-templates}
mv "$work/root"/* "$folder/"
echo "$recipe" >"$folder/.recipe"
echo "made the tools in $folder from recipe $recipe"
