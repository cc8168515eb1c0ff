#!/bin/sh
# Makes what a deployment keeps to itself, once, in secrets/ beside this file or in the folder that is named: a certificate authority and certificates, a password per service for
# Postgres (the gateway has no way there) and NATS, the keys that sign grants and checkpoints, the append key. What is there already stays. Needs openssl.
set -eu
umask 077
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
# Keys in it can be read by whoever gets in: see the end.
if [ -n "$(find "$folder/." -prune \( -perm -010 -o -perm -001 \))" ]; then
  echo "others may enter the folder of the keys: chmod 700 $folder" >&2
  exit 1
fi
mkdir -p "$folder/tls" "$folder/keys"
cd "$folder"

# A letter first: nats-server reads a value from its environment that begins with a digit as a number.
password() { random=$(openssl rand -hex 24) && printf 'p%s' "$random"; }

certificate() { # name, then the names it is valid for
  name=$1
  shift
  [ -s "tls/$name.pem" ] && return
  names=$(for host in "$@"; do printf 'DNS:%s,' "$host"; done)
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "tls/$name.key" -out "tls/$name.csr" -subj "/CN=$name" 2>/dev/null
  printf 'subjectAltName=%sIP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' "$names" >"tls/$name.ext"
  openssl x509 -req -in "tls/$name.csr" -CA tls/ca.pem -CAkey tls/ca.key -CAcreateserial -days 825 -extfile "tls/$name.ext" -out "tls/$name.pem" 2>/dev/null
  rm "tls/$name.csr" "tls/$name.ext"
}

if [ ! -s tls/ca.pem ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls/ca.key -out tls/ca.pem -days 3650 -subj "/CN=countersign" 2>/dev/null
fi
certificate postgres postgres localhost
certificate nats nats-1 nats-2 nats-3 localhost
certificate gateway gateway localhost

for key in grant log; do
  [ -s "keys/$key-key.pem" ] || openssl genpkey -algorithm ed25519 -out "keys/$key-key.pem" 2>/dev/null
done
# Whole or not at all: what is there already stays.
if [ ! -f keys/append-key.hex ]; then
  openssl rand -hex 32 >keys/append-key.new
  mv keys/append-key.new keys/append-key.hex
fi

# The owner's file is written last: when it is there, all of these are.
if [ ! -s owner.env ]; then
  owner=$(password)
  printf 'POSTGRES_PASSWORD=%s\n' "$owner" >postgres.env
  : >nats.env
  # Users of nats-users.conf that nobody is given here: their passwords are known to nobody.
  for user in COUNTERSIGN FILE_NOTIFIER; do
    bus=$(password)
    printf 'NATS_PASSWORD_%s=%s\n' "$user" "$bus" >>nats.env
  done
  : >logins.sql
  for service in approval audit directory gateway notifier policy; do
    bus=$(password)
    upper=$(printf '%s' "$service" | tr '[:lower:]' '[:upper:]')
    printf 'NATS_PASSWORD_%s=%s\n' "$upper" "$bus" >>nats.env
    printf 'COUNTERSIGN_NATS_URL=tls://%s:%s@nats-1:4222,tls://%s:%s@nats-2:4222,tls://%s:%s@nats-3:4222\n' "$service" "$bus" "$service" "$bus" "$service" "$bus" >"$service.env"
    [ "$service" = gateway ] && continue
    database=$(password)
    # The role itself comes with the first migration; a login must be a member of it and of no other.
    printf "create role countersign_%s nologin; create role %s_login login password '%s' in role countersign_%s;\n" "$service" "$service" "$database" "$service" >>logins.sql
    printf 'COUNTERSIGN_DATABASE_URL=postgres://%s_login:%s@postgres:5432/countersign?sslmode=verify-full&sslrootcert=/run/tls/ca.pem\n' "$service" "$database" >>"$service.env"
  done
  printf 'COUNTERSIGN_DATABASE_URL=postgres://countersign:%s@postgres:5432/countersign?sslmode=verify-full&sslrootcert=/run/tls/ca.pem\n' "$owner" >owner.env
fi

# The containers run as nobody in particular: they may read what they are given, and it is given to them alone.
chmod 0755 tls keys
chmod 0644 tls/*.pem logins.sql keys/*.pem keys/append-key.hex tls/*.key
chmod 0600 tls/ca.key
