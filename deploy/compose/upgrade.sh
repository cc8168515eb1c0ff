#!/bin/sh
# Puts a new build in place while callers go on: migrates, then service by service starts two new ones before the two old ones go.
# `docker compose up` would stop all of them before it migrates. Of audit and gateway there is one each, on ports of the host: for the moment of their restart callers wait, or repeat.
set -eu
cd "$(dirname "$0")"
docker compose build
docker compose run --rm migrate
for service in policy directory approval notifier; do
  old=$(docker compose ps --quiet "$service")
  docker compose up --no-deps --wait --no-recreate --scale "$service=4" "$service"
  # Unquoted: several ids.
  docker stop $old
  docker rm $old
done
docker compose up --no-deps --wait audit
docker compose up --no-deps --wait gateway
