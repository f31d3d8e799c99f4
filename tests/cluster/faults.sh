# What scripts/cluster-check does to the running system. What is done under traffic prints nothing; the traffic's report is what is seen.
# shellcheck shell=bash

scale_up() {
    local service two=()
    for service in "${services[@]}"; do two+=(--set "$service.replicas=2"); done
    upgrade_with "${two[@]}" --wait --timeout 5m
    all_ready 60
    sidecars
}

# A setting of every pod, so that each is replaced.
upgrade() {
    local before after
    before=$(pod_names)
    upgrade_with --set global.settings.RUST_LOG=info --wait --timeout 8m
    all_ready 60
    after=$(pod_names)
    [ -z "$(comm -12 <(echo "$before") <(echo "$after"))" ] || fail "pods that were not replaced: $(comm -12 <(echo "$before") <(echo "$after") | tr '\n' ' ')"
}

# To what was before the upgrade.
roll_back() {
    helm rollback tidings --namespace "$namespace" --wait --timeout 8m
    all_ready 60
    if kubectl get deployment backend-api --namespace "$namespace" --output jsonpath='{.spec.template.spec.containers[0].env[*].name}' | grep RUST_LOG; then
        fail "RUST_LOG is still set"
    fi
}

# An upgrade that cannot work: its first pods are not ready, the old ones go on, and it is taken back.
bad_upgrade() {
    if upgrade_with --set global.kafka.brokers=127.0.0.1:1 --wait --timeout 45s; then fail "it worked"; fi
    kubectl get pods --namespace "$namespace"
    helm rollback tidings --namespace "$namespace" --wait --timeout 8m
    all_ready 60
}

# Every pod that is not on its way out.
pod_names() {
    kubectl get pods --namespace "$namespace" --selector app.kubernetes.io/component=service --output json | python3 -c '
import json, sys
print(*sorted(pod["metadata"]["name"] for pod in json.load(sys.stdin)["items"] if "deletionTimestamp" not in pod["metadata"]), sep="\n")'
}

# One of each service, without a word, one service after the other.
kill_pods() {
    local service
    for service in "${services[@]}"; do
        kubectl delete "pod/$(pod_of "$service")" --namespace "$namespace" --force --grace-period=0
        all_ready 120
    done
}

# One sidecar of each service, as kill -9 does where that can be had.
kill_sidecars() {
    local service pod kill before
    read -ra kill <<<"${KILL:-ask_to_end}"
    for service in "${services[@]}"; do
        pod=$(pod_of "$service")
        before=$(ended "$pod")
        "${kill[@]}" "$namespace" "$pod" daprd
        for _ in $(seq 300); do [ "$(ended "$pod")" != "$before" ] && break; sleep 0.1; done
        [ "$(ended "$pod")" != "$before" ] || fail "the daprd of $pod did not end"
        all_ready 120
    done
}

# How often the sidecar of a pod ended.
ended() {
    kubectl get pod "$1" --namespace "$namespace" --output jsonpath='{.status.containerStatuses[?(@.name=="daprd")].restartCount}'
}

ask_to_end() {
    kubectl debug --namespace "$1" "$2" --target "$3" --image "${TEST_IMAGE:-docker.io/library/busybox:1.37}" --profile restricted --quiet -- kill 1
}

# A database that does not answer: its pods are not ready and do not end, whether they were there before or start meanwhile, and all is well once
# it is back. Only where the database is ours to stop. A service waits for its first connection for half a minute, so it is away for longer.
database_away() {
    local before ended started
    stop_database || { echo "not tried: the database is not ours to stop"; return; }
    before=$(restarts)
    started=$SECONDS
    until [ "$(kubectl get pods --namespace "$namespace" --selector app.kubernetes.io/name=backend-api --no-headers | grep -c '2/2' || true)" = 0 ]; do
        [ $((SECONDS - started)) -lt 60 ] || { start_database; fail "backend-api is ready without a database"; }
        sleep 0.5
    done
    # Two that start meanwhile.
    kubectl delete "pod/$(pod_of audit-service)" "pod/$(pod_of backend-api)" --namespace "$namespace" --grace-period=1 >&2
    sleep "$outage"
    # Containers that ended more often than before, where those that are new never did.
    ended=$(comm -13 <(echo "$before") <(restarts) | grep -v ' 0$' || true)
    kubectl get pods --namespace "$namespace" >&2
    start_database
    started=$SECONDS
    [ -z "$ended" ] || fail "ended: $(tr '\n' ';' <<<"$ended")"
    all_ready 120
    echo "not ready, none ended; all Ready $((SECONDS - started)) s after it was back"
}

# Each container of ours and how often it ended.
restarts() {
    kubectl get pods --namespace "$namespace" --selector app.kubernetes.io/component=service --output json | python3 -c '
import json, sys
for pod in json.load(sys.stdin)["items"]:
    for state in pod["status"].get("containerStatuses", []):
        print(pod["metadata"]["name"], state["name"], state["restartCount"])' | sort
}

stop_database() {
    if [ -n "${HOST_ADDRESS:-}" ]; then
        tests/cluster/host-services stop-database "$work/host"
    elif [ -z "${DATABASE_URL_DIRECT:-}" ]; then
        kubectl scale statefulset/postgres --namespace tidings-data --replicas=0 >&2
        kubectl wait --for=delete pod/postgres-0 --namespace tidings-data --timeout=120s >&2
    else
        return 1
    fi
}

start_database() {
    if [ -n "${HOST_ADDRESS:-}" ]; then
        tests/cluster/host-services start-database "$work/host" "$HOST_ADDRESS" >/dev/null
    else
        kubectl scale statefulset/postgres --namespace tidings-data --replicas=1 >&2
        kubectl rollout status statefulset/postgres --namespace tidings-data --timeout=180s >&2
    fi
}

uninstall() {
    local left
    helm uninstall tidings --namespace "$namespace" --wait --timeout 5m >&2
    kubectl wait --for=delete pod --selector app.kubernetes.io/part-of=tidings,app.kubernetes.io/component!=test --namespace "$namespace" --timeout=120s >&2
    left=$(kubectl api-resources --verbs=list --namespaced --output name | grep -v 'events' | paste -sd , - |
        xargs -I {} kubectl get {} --namespace "$namespace" --output name 2>/dev/null |
        grep -vE '^(configmap/kube-root-ca.crt|configmap/dapr-trust-bundle|serviceaccount/default|pod/tidings-test-.*)$' | sort | paste -sd ' ' -)
    [ "$left" = secret/tidings ] || fail "left: $left"
    echo "left: $left"
}
