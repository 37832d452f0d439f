#!/bin/sh
# Makes a database on the first start: POSTGRES_USER with POSTGRES_PASSWORD, and
# POSTGRES_DB, which is the user's where nothing is said. Then the server itself.
set -eu

make_database() {
  : "${POSTGRES_PASSWORD:?the user needs a password, give it in the environment}"
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  password=$(mktemp)
  printf '%s\n' "$POSTGRES_PASSWORD" >"$password"
  initdb --username="$user" --pwfile="$password" --auth-local=trust --auth-host=scram-sha-256
  rm -f "$password"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  # One process that listens nowhere: nobody finds a server that is not ready.
  if [ "$database" != postgres ]; then
    printf 'CREATE DATABASE "%s"\n' "$database" | postgres --single postgres
  fi
}

if [ "${1:-}" = postgres ] && ! [ -s "$PGDATA/PG_VERSION" ]; then make_database; fi
exec "$@"
