#!/usr/bin/env bash
# The health check of the IB Gateway container: greets the gateway on its own port as an API client does, and wants its version. The relay in
# front of it (4003, 4004) would accept while the gateway is dead, and the port alone is open while the gateway hangs.
set -u
case ${TRADING_MODE:-} in
  live) port=4001 ;;
  paper) port=4002 ;;
  *) echo "expected TRADING_MODE live or paper, found '${TRADING_MODE:-}'" && exit 1 ;;
esac
port=${API_PORT:-$port}

ini=${IBC_INI:-}
if [ -n "$ini" ] && ! grep -q '^SendMarketDataInLotsForUSstocks=no' "$ini"; then
  echo "expected SendMarketDataInLotsForUSstocks=no in $ini, found otherwise: sizes of US stocks may come in lots (docs/stock-sizes.md)"
  exit 1
fi

# Where nothing listens bash says so by itself.
exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
# "API", the length of what follows, and the versions that we would speak.
printf 'API\0\0\0\0\011v100..176' >&3
# Its answer: a length of four bytes, then its version in digits.
answer=$(timeout 5 head --bytes 7 <&3 | tr -d '\0' | tr -dc '0-9')
[ -n "$answer" ] || { echo "expected IB Gateway to answer on port $port, found silence"; exit 1; }
