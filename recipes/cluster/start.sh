#!/usr/bin/env bash
# A Ray cluster by hand: bash start.sh HEAD WORKER... (names that ssh knows; this machine is the head).
# Every machine has sailbench and ray in the same place, here ~/sailbench/.venv.
set -euo pipefail
head="$1"
shift
venv="\$HOME/sailbench/.venv/bin"
local_venv="$HOME/sailbench/.venv/bin"
port=6379

"$local_venv/ray" start --head --node-ip-address="$head" --port="$port" --disable-usage-stats
for worker in "$@"; do
    # shellcheck disable=SC2029  # the head's address is meant to be filled in here
    ssh "$worker" "$venv/ray start --address=$head:$port --disable-usage-stats"
done

# One more machine may join at any time with the line above; one that leaves is not missed.
"$local_venv/sailbench" run --model sailvl2-8b --tasks @opencompass --executor ray --out results

for worker in "$@"; do
    ssh "$worker" "$venv/ray stop" || true
done
"$local_venv/ray" stop
