# What scripts/cluster-check is made of: a table of checks, ports that are passed on, traffic, and memory.
# shellcheck shell=bash
rate="${WRITES_PER_SECOND:-50}" outage="${OUTAGE_SECONDS:-45}"
rows=() failed=() forwards=()

# Runs a check in a shell of its own. The last line that it prints is what was seen; the last of its errors is why it failed.
check() { # <what> <function> [arguments]
    local what=$1 begun=$SECONDS status seen n=${#rows[@]}
    shift
    echo "== $what" >&2
    set +e
    (set -e; trap - EXIT; "$@") >"$work/$n.seen" 2>"$work/$n.log"
    status=$?
    set -e
    seen=$(tail -n 1 "$work/$n.seen")
    if [ $status != 0 ]; then
        seen="**FAILED**: $(tail -n 1 "$work/$n.log")"
        failed+=("$what")
        tail -n 30 "$work/$n.log" >&2
    fi
    echo "   $seen ($((SECONDS - begun)) s)" >&2
    rows+=("| $what | $seen | $((SECONDS - begun)) s |")
    return 0
}

# A check without which the rest makes no sense.
must() { # <what> <function> [arguments]
    local before=${#failed[@]}
    check "$@"
    [ ${#failed[@]} = "$before" ] || exit 1
}

fail() { echo "$1" >&2; return 1; }

# Prints the table, and ends what was started here.
finish() {
    local status=$? pid
    for pid in "${forwards[@]}"; do kill "$pid" 2>/dev/null || true; done
    pid=$(cat "$work/traffic.pid" 2>/dev/null || true)
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    if [ -z "$keep" ]; then
        helm uninstall tidings --namespace "$namespace" --ignore-not-found >/dev/null 2>&1 || true
        kubectl delete namespace "$namespace" --ignore-not-found --timeout=120s >/dev/null 2>&1 || true
        [ -z "${HOST_ADDRESS:-}" ] || tests/cluster/host-services stop "$work/host" || true
    fi
    if [ ${#rows[@]} -gt 0 ]; then
        printf '\n| what | seen | time |\n|---|---|---|\n'
        printf '%s\n' "${rows[@]}"
        [ ! -s "$work/memory" ] || { echo; cat "$work/memory"; }
    fi
    if [ ${#failed[@]} -gt 0 ] || [ $status != 0 ]; then
        printf '\nfailed: %slogs are in %s\n' "$(printf '%s; ' "${failed[@]:-it ended with $status}")" "$work" >&2
        exit 1
    fi
    [ -n "$keep" ] || rm -rf "$work"
}

# forward <pod or service> <port there> [<port here>]: until the end of whoever asks. Sets `port` to the port here, which is any that is free
# unless it is said.
forward() {
    local log
    log=$(mktemp -p "$work")
    kubectl port-forward --namespace "$namespace" --address 127.0.0.1 "$1" "${3:-}:$2" >"$log" 2>&1 &
    forwards+=("$!")
    until grep -q '^Forwarding from' "$log"; do
        kill -0 "$!" 2>/dev/null || fail "port $2 of $1 cannot be passed on to ${3:-a free port} here: $(tail -n 1 "$log")" || return 1
        sleep 0.1
    done
    port=$(sed -n 's/^Forwarding from 127.0.0.1:\([0-9]*\) .*/\1/p' "$log" | head -n 1)
}

# In a check: ends what it passes on when it ends.
forwards_end() { trap 'for pid in "${forwards[@]}"; do kill "$pid" 2>/dev/null || true; done' EXIT; forwards=(); }

# The first pod of a service that is not on its way out.
pod_of() {
    kubectl get pods --namespace "$namespace" --selector "app.kubernetes.io/name=$1" --output json |
        python3 -c 'import json, sys
print(next(pod["metadata"]["name"] for pod in json.load(sys.stdin)["items"] if "deletionTimestamp" not in pod["metadata"]))'
}

all_ready() { # <seconds>
    local service
    for service in "${services[@]}"; do
        kubectl rollout status "deployment/$service" --namespace "$namespace" --timeout="${1}s" >/dev/null ||
            fail "$(kubectl get pods --namespace "$namespace" --no-headers | awk '$2 != "2/2"' | head -n 3 | tr -s ' ' | tr '\n' ';') not ready" || return 1
    done
}

# Runs a command while tests/cluster/traffic.py writes; strict: no answer may be a failure. Prints what became of the writes.
under_traffic() { # strict|faults <function>
    local allow=() pid status=0 name
    [ "$1" = strict ] || allow=(--allow-failures)
    name="$work/traffic-$2"
    python3 tests/cluster/traffic.py --api "$API_URL" --socket "$SOCKET_URL" --rate "$rate" "${allow[@]}" >"$name.json" 2>"$name.log" &
    pid=$!
    echo "$pid" >"$work/traffic.pid"
    until grep -qx writing "$name.log"; do
        kill -0 "$pid" 2>/dev/null || fail "$(tail -n 1 "$name.log")" || return 1
        sleep 0.2
    done
    "$2" >&2 || status=$?
    # As much again with nothing going on, so that what comes late is seen.
    sleep 5
    kill "$pid"
    wait "$pid" || status=1
    rm -f "$work/traffic.pid"
    python3 - "$name.json" <<'PYTHON' >"$name.said" || fail "$(tail -n 1 "$name.log")" || return 1
import json, sys
said = json.load(open(sys.argv[1]))
others = {status: count for status, count in said["answers"].items() if status not in ("200", "201")}
bad = {name: said[name] for name in ("answers_5xx", "not_answered", "never_accepted", "history_lost", "history_twice", "sockets_lost",
                                     "sockets_twice", "sockets_wrong") if said[name]}
print(f"{said['writes']:,} writes, {said['per_second']}/s, p50 {said['p50_ms']} ms, p99 {said['p99_ms']} ms, "
      + (f"{others}, " if others else "")
      + f"sockets opened {said['sockets_opened']} times"
      + (f" (not at first: {said['sockets_not_opened']})" if said["sockets_not_opened"] else "") + ", "
      + (f"{bad}" if bad else "every one answered, in the history and on its socket once"))
PYTHON
    cat "$name.said"
    [ "$status" = 0 ] || fail "$(cat "$name.said")"
}

# Adds a line on memory: the working set of each container, as MEMORY tells it, else the kubelets.
note_memory() { # <when>
    local node of pod container
    if [ -n "${MEMORY:-}" ]; then
        kubectl get pods --all-namespaces --field-selector status.phase=Running --output json | python3 -c '
import json, sys
for pod in json.load(sys.stdin)["items"]:
    if pod["metadata"]["namespace"] in sys.argv[1:]:
        for container in pod["spec"]["containers"]:
            print(pod["metadata"]["namespace"], pod["metadata"]["name"], container["name"])' "$namespace" dapr-system |
            while read -r of pod container; do echo "$of $pod $container $($MEMORY "$of" "$pod" "$container" </dev/null)"; done
    else
        for node in $(kubectl get nodes --output name); do
            kubectl get --raw "/api/v1/nodes/${node#node/}/proxy/stats/summary" | python3 -c '
import json, sys
for pod in json.load(sys.stdin)["pods"]:
    for container in pod.get("containers", []):
        print(pod["podRef"]["namespace"], pod["podRef"]["name"], container["name"], container.get("memory", {}).get("workingSetBytes", 0))'
        done
    fi | python3 tests/cluster/memory.py "$1" "$namespace" >>"$work/memory"
}
