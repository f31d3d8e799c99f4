# What scripts/cluster-check sees refused: installations that cannot work, and what they say.
# shellcheck shell=bash

# refused <words> <arguments of helm>: an installation that must not begin, and what it says.
refused() {
    local words=$1 said
    shift
    if said=$(helm install refused charts/tidings --namespace "$namespace" --values "$work/values.yaml" "$@" 2>&1); then
        helm uninstall refused --namespace "$namespace" >&2
        fail "it was installed"
    fi
    grep -q "$words" <<<"$said" || fail "it says: $said"
    echo "\"$(grep "$words" <<<"$said" | head -n 1 | sed 's/^.*: there is/there is/; s/\. .*/./')\""
}

missing_secret() { refused 'there is no Secret nothing' --set global.existingSecret=nothing; }

# What a cluster without Dapr is for Helm: one that does not know Dapr's kinds of objects.
missing_dapr() {
    local said
    said=$(helm template tidings charts/tidings --namespace "$namespace" --values "$work/values.yaml" --api-versions apps/v1/Deployment \
        --set global.skipChecks=false 2>&1) && fail "it is rendered"
    grep -q "Dapr is not installed" <<<"$said" || fail "it says: $said"
    echo "\"$(grep -o 'Dapr is not installed in this cluster' <<<"$said" | head -n 1)\""
}

# Nobody listens there: the migration says so, and nothing else is begun.
wrong_database() {
    local said service once=()
    kubectl get secret tidings --namespace "$namespace" --output json | python3 -c '
import base64, json, sys
secret = json.load(sys.stdin)
secret["metadata"] = {"name": "wrong"}
secret["data"]["DATABASE_URL_DIRECT"] = base64.b64encode(b"postgres://nobody:nothing@127.0.0.1:1/nowhere").decode()
json.dump(secret, sys.stdout)' | kubectl apply --namespace "$namespace" -f - >&2
    for service in "${services[@]}"; do [ "$service" = websocket-service ] || once+=(--set "$service.migrations.attempts=0"); done
    if said=$(helm install refused charts/tidings --namespace "$namespace" --values "$work/values.yaml" --set global.existingSecret=wrong \
        "${once[@]}" --timeout 3m 2>&1); then fail "it was installed"; fi
    echo "$said" >&2
    helm uninstall refused --namespace "$namespace" >&2
    kubectl delete jobs --selector app.kubernetes.io/component=migration --namespace "$namespace" >&2
    kubectl delete secret wrong --namespace "$namespace" >&2
    [ -z "$(kubectl get deployments --namespace "$namespace" --output name)" ] || fail "deployments are there"
    said=$(grep -m 1 -i 'database\|connect' <<<"$said" || true)
    [ -n "$said" ] || fail "nothing is said of the database"
    echo "\"$(cut -c 1-200 <<<"$said" | tr '|' '/')\""
}

# A consumer alone, with a broker that nobody is: its sidecar says which.
wrong_broker() {
    local service alone=() said=""
    for service in "${services[@]}"; do [ "$service" = audit-service ] || alone+=(--set "$service.enabled=false"); done
    upgrade_with "${alone[@]}" --set global.kafka.brokers=127.0.0.1:1 --timeout 3m >&2
    for _ in $(seq 240); do
        # When it has ended, what it said is that of the one before.
        said=$({ kubectl logs --namespace "$namespace" deployment/audit-service --container daprd --tail 500
            kubectl logs --namespace "$namespace" deployment/audit-service --container daprd --tail 500 --previous; } 2>/dev/null |
            grep -m 1 '127.0.0.1:1\b' || true)
        [ -z "$said" ] || break
        sleep 0.5
    done
    helm uninstall tidings --namespace "$namespace" --wait >&2
    [ -n "$said" ] || fail "the sidecar of audit-service says nothing of the broker"
    # What it is about, and in the end why.
    echo "\"$(python3 -c 'import json, sys; said = json.loads(sys.stdin.read())["msg"].replace("|", "/"); print(said[:48], "…", said[-80:])' <<<"$said")\""
}
