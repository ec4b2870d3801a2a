#!/bin/sh
# Entrypoint of the stand-in image (see timescale-image.sh): POSTGRES_USER, POSTGRES_PASSWORD(_FILE), POSTGRES_DB, PGDATA and the log lines mean
# what they mean in the official image. In particular "ready to accept connections" is logged twice on a first start: by the private server
# that sets up the database, then by the real one.
set -eu

[ "${1#-}" = "${1-}" ] || set -- postgres "$@"
[ "$1" = postgres ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 700 "$PGDATA"
  install -d -o postgres -g postgres -m 2775 /run/postgresql
  export HOME=/var/lib/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
  : "${POSTGRES_PASSWORD:?expected a password for the first user, found none: set POSTGRES_PASSWORD}"
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}

  password_file=$(mktemp)
  printf '%s\n' "$POSTGRES_PASSWORD" >"$password_file"
  initdb --username="$user" --pwfile="$password_file" --encoding=UTF8 --locale=C.UTF-8
  rm "$password_file"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  {
    echo "listen_addresses = '*'"
    echo "shared_preload_libraries = 'timescaledb'"
  } >>"$PGDATA/postgresql.conf"

  pg_ctl --wait --options="-c listen_addresses=''" start
  [ "$database" = postgres ] || createdb --username="$user" --maintenance-db=postgres "$database"
  for each in postgres template1 "$database"; do
    psql --username="$user" --dbname="$each" --no-psqlrc --quiet --command='CREATE EXTENSION IF NOT EXISTS timescaledb CASCADE'
  done
  pg_ctl --wait --mode=fast stop
fi

exec "$@"
