#!/usr/bin/env bash
# Makes what compose.yaml needs and git does not hold: compose/.env, compose/config/tapedeck.yaml, and random passwords in compose/secrets. What is
# there already stays as it is. Containers run as several users, so the files are readable, in a folder that only you can enter.
set -euo pipefail
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
chmod 700 secrets
for name in database-password collector-password dashboards-password exporter-password grafana-password; do
  [ -s "secrets/$name" ] || od -An -N 24 -t x1 /dev/urandom | tr -d ' \n' >"secrets/$name"
  chmod 644 "secrets/$name"
done
umask 022
[ -e .env ] || cp .env.example .env
[ -e config/tapedeck.yaml ] || cp config/tapedeck.example.yaml config/tapedeck.yaml
echo "ready: compose/.env, compose/config/tapedeck.yaml, compose/secrets"
[ -s secrets/tws-password ] || echo "for IB Gateway in a container, write its password into compose/secrets/tws-password (mode 644)"
