#!/usr/bin/env bash
# A Ray cluster by hand: bash start.sh HEAD WORKER... (names that ssh knows; this machine is the head).
# Every machine has sailbench and ray in the same place, here ~/sailbench/.venv.
set -euo pipefail
head="$1"
shift
venv="\$HOME/sailbench/.venv/bin"
local_venv="$HOME/sailbench/.venv/bin"
port=6379
# Who has the token may join and run code here, nobody else. Older versions of Ray pass over it.
RAY_AUTH_TOKEN="${RAY_AUTH_TOKEN:-$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')}"
export RAY_AUTH_TOKEN RAY_AUTH_MODE=token
authorized='read -r RAY_AUTH_TOKEN; export RAY_AUTH_TOKEN RAY_AUTH_MODE=token'

"$local_venv/ray" start --head --node-ip-address="$head" --port="$port" --disable-usage-stats
for worker in "$@"; do
    # shellcheck disable=SC2029  # the head's address is meant to be filled in here
    ssh "$worker" "$authorized; $venv/ray start --address=$head:$port --disable-usage-stats" <<<"$RAY_AUTH_TOKEN"
done

# One more machine may join at any time with the line above and this token; one that leaves is not missed.
"$local_venv/sailbench" run --model sailvl2-8b --tasks @opencompass --executor ray --out results

for worker in "$@"; do
    ssh "$worker" "$venv/ray stop" || true
done
"$local_venv/ray" stop
