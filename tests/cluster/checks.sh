# The checks of scripts/cluster-check, up to traffic. Each prints what was seen.
# shellcheck shell=bash

cluster() {
    kubectl wait --for=condition=Ready node --all --timeout=60s >&2
    kubectl version --output json | python3 -c '
import json, sys
server = json.load(sys.stdin)["serverVersion"]
if (int(server["major"]), int(server["minor"].rstrip("+"))) < (1, 30): sys.exit("Kubernetes %(gitVersion)s is too old: 1.30 or newer" % server)
print(end="Kubernetes %(gitVersion)s" % server)'
    echo ", $(kubectl get nodes --no-headers | wc -l) node(s)"
}

dapr() {
    local found="was there"
    # Its definitions stay when it is uninstalled.
    if ! kubectl get mutatingwebhookconfiguration dapr-sidecar-injector >/dev/null 2>&1; then
        found="installed"
        read -ra values <<<"${DAPR_VALUES:-k8s/dapr/values.yaml k8s/dapr/values-small.yaml}"
        local chart=("${DAPR_CHART:-dapr}")
        [ -n "${DAPR_CHART:-}" ] || chart+=(--repo https://dapr.github.io/helm-charts --version "${DAPR_VERSION:-$(cat k8s/dapr/version)}")
        # Sidecars are injected in the namespaces that the values name; here in this one too.
        helm upgrade --install dapr "${chart[@]}" --namespace dapr-system --create-namespace "${values[@]/#/--values=}" \
            ${DAPR_VERSION:+--set "global.tag=$DAPR_VERSION"} \
            --set "dapr_sidecar_injector.namespaceSelector.matchExpressions[0].key=kubernetes.io/metadata.name" \
            --set "dapr_sidecar_injector.namespaceSelector.matchExpressions[0].operator=In" \
            --set "dapr_sidecar_injector.namespaceSelector.matchExpressions[0].values={tidings,$namespace}" --wait --timeout 10m >&2
    fi
    kubectl get mutatingwebhookconfiguration dapr-sidecar-injector --output json | python3 -c '
import json, sys
for webhook in json.load(sys.stdin)["webhooks"]:
    for term in webhook.get("namespaceSelector", {}).get("matchExpressions", []):
        if (term["key"], term["operator"]) == ("kubernetes.io/metadata.name", "In") and sys.argv[1] not in term["values"]:
            names = ", ".join(term["values"])
            sys.exit(f"this Dapr makes sidecars in {names} alone: say NAMESPACE=<one of them>, or install it with more of them")' "$namespace"
    local object
    for object in $(kubectl get deployments,statefulsets --namespace dapr-system --output name); do
        kubectl rollout status "$object" --namespace dapr-system --timeout=300s >&2
    done
    echo "$(kubectl get deployment dapr-operator --namespace dapr-system --output jsonpath='{.spec.template.spec.containers[0].image}' | sed 's/.*://'), $found," \
        "$(kubectl get pods --namespace dapr-system --no-headers | wc -l) pods Ready"
}

images() {
    local service load
    if [ -z "${IMAGE_LOADER:-}" ]; then echo "pulled: ${IMAGE_REGISTRY:+$IMAGE_REGISTRY/}tidings/<service>:$tag"; return; fi
    read -ra load <<<"$IMAGE_LOADER"
    for service in "${services[@]}"; do
        [ -x "$binaries/$service" ] || fail "$binaries/$service is missing: cargo build --release --locked --workspace --bins"
        "${load[@]}" "tidings/$service:$tag" "$binaries/$service" >&2
    done
    echo "${#services[@]} of release programs, $(cd "$binaries" && du -cm "${services[@]}" | tail -n 1 | cut -f 1) MB"
}

# Where the broker and the database are goes into a file: checks are shells of their own.
data_services() {
    if [ -n "${HOST_ADDRESS:-}" ]; then
        tests/cluster/host-services start "$work/host" "$HOST_ADDRESS" >"$work/data"
    elif [ -n "${BROKER:-}" ] && [ -n "${DATABASE_URL_DIRECT:-}" ]; then
        printf 'BROKER=%s\nDATABASE_URL_DIRECT=%s\n' "$BROKER" "$DATABASE_URL_DIRECT" >"$work/data"
    elif [ -z "${BROKER:-}${DATABASE_URL_DIRECT:-}" ]; then
        in_cluster_data >&2
        echo "BROKER=redpanda.tidings-data:9092" >"$work/data"
    else
        fail "say both BROKER and DATABASE_URL_DIRECT, or HOST_ADDRESS, or none of them"
    fi
    sed -n 's/^BROKER=/broker /p' "$work/data"
}

in_cluster_data() {
    local key passwords=()
    kubectl apply -f k8s/namespaces.yaml
    if ! kubectl get secret postgres --namespace tidings-data; then
        for key in owner core audit notification recurring; do passwords+=("--from-literal=$key=$(openssl rand -hex 24)"); done
        kubectl create secret generic postgres --namespace tidings-data "${passwords[@]}"
    fi
    kubectl apply -k k8s/postgres
    kubectl apply -k k8s/redpanda
    kubectl rollout status statefulset/postgres --namespace tidings-data --timeout=300s
    kubectl rollout status statefulset/redpanda --namespace tidings-data --timeout=300s
    kubectl wait --for=condition=Complete job/topics --namespace tidings-data --timeout=300s
}

secrets() {
    local data password
    data=$(cat "$work/data")
    broker=$(sed -n 's/^BROKER=//p' <<<"$data")
    # The first of the two namespaces, under another name.
    sed -n '1,/^---$/p' k8s/namespaces.yaml | sed "s/^  name: tidings$/  name: $namespace/; /^---$/d" | kubectl apply -f - >&2
    DATABASE_URL_DIRECT=$(sed -n 's/^DATABASE_URL_DIRECT=//p' <<<"$data") ROLES=""
    if [ -z "$DATABASE_URL_DIRECT" ]; then
        password() { kubectl get secret postgres --namespace tidings-data --output "go-template={{.data.$1 | base64decode}}"; }
        for schema in core audit notification recurring; do export "${schema^^}_PASSWORD=$(password "$schema")"; done
        DATABASE_URL_DIRECT="postgres://tidings:$(password owner)@postgres.tidings-data:5432/tidings" ROLES=made
    fi
    export DATABASE_URL_DIRECT ROLES
    DATABASE_URL="" NAMESPACE="$namespace" k8s/make-secret >&2
    {
        echo "global: {existingSecret: tidings, image: {registry: \"${IMAGE_REGISTRY:-}\", tag: \"$tag\"}, kafka: {brokers: \"$broker\"}}"
        # The walk-through publishes a notice beside backend-api, as another system would beside its own sidecar.
        echo "dapr: {noticePublishers: [backend-api], apiAllowedToo: [{name: publish, version: v1, protocol: http}]}"
        [ -z "${TEST_IMAGE:-}" ] || echo "tests: {image: \"$TEST_IMAGE\"}"
    } >"$work/values.yaml"
    ./scripts/charts >&2
    kubectl get namespace "$namespace" --output jsonpath='{.metadata.labels.pod-security\.kubernetes\.io/enforce}'; echo ", $(kubectl get secret tidings \
        --namespace "$namespace" --output json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["data"]))') keys"
}

# Every object of k8s/ as the API server sees it, which also says what Pod Security would refuse. What the policies allow, tests/charts works out.
manifests() {
    local folder
    for folder in k8s/redpanda k8s/postgres k8s/network-policies; do
        kubectl kustomize "$folder" | sed "s/^  namespace: tidings-data$/  namespace: $namespace/; s/^  namespace: tidings$/  namespace: $namespace/" |
            kubectl apply --dry-run=server -f - >"$work/manifests" 2>&1 || fail "$folder: $(grep -i error "$work/manifests" | tail -n 1)"
        if grep -i warning "$work/manifests" >&2; then fail "$folder: $(grep -i warning "$work/manifests" | head -n 1)"; fi
    done
    echo "$(kubectl kustomize k8s/network-policies | grep -c '^kind: NetworkPolicy') policies; whether the network enforces them is not tried here"
}

upgrade_with() { # [arguments of helm]
    # What minikube gets asks for little, so that it finds room on any node.
    helm upgrade --install tidings charts/tidings --namespace "$namespace" --values charts/tidings/values-minikube.yaml \
        --values "$work/values.yaml" "$@"
}

install() {
    local service one=()
    for service in "${services[@]}"; do one+=(--set "$service.replicas=1"); done
    upgrade_with "${one[@]}" --wait --timeout 5m >&2
    all_ready 60
    echo "migrations ran, ${#services[@]} pods Ready"
}

sidecars() {
    kubectl get pods --namespace "$namespace" --selector app.kubernetes.io/part-of=tidings --output json | python3 -c '
import json, sys
pods = [pod for pod in json.load(sys.stdin)["items"] if pod["metadata"]["labels"].get("app.kubernetes.io/component") != "test"]
for pod in pods:
    states = {state["name"]: state for state in pod["status"]["containerStatuses"]}
    name = pod["metadata"]["name"]
    if "daprd" not in states: sys.exit(f"{name} has no daprd")
    for state in states.values():
        if not state["ready"]: sys.exit(f"{name}: {state}")
        if state["restartCount"]: sys.exit(f"{name}: %(name)s ended %(restartCount)s times: %(lastState)s" % state)
    daprd = next(container for container in pod["spec"]["containers"] if container["name"] == "daprd")
    if "--enable-mtls" not in daprd["args"]: sys.exit(f"{name}: daprd runs without mTLS")
    if daprd["securityContext"]["capabilities"].get("drop") != ["ALL"]: sys.exit(f"{name}: daprd keeps capabilities")
print(f"{len(pods)} of {len(pods)}, none restarted")'
}

# What a sidecar shows on its port for other sidecars, and that it takes nobody without a certificate.
mutual_tls() {
    local shown
    forwards_end
    forward "pod/$(pod_of backend-api)" 50002
    shown=$(openssl s_client -connect "127.0.0.1:$port" -showcerts </dev/null 2>&1 || true)
    shown=$(openssl x509 -noout -issuer -ext subjectAltName <<<"$shown" | tr -s '\n ' ' ')
    grep -q "URI:spiffe://public/ns/$namespace/backend-api" <<<"$shown" || fail "the sidecar shows: $shown"
    if curl --silent --insecure --http2-prior-knowledge --max-time 5 "https://127.0.0.1:$port/" >&2; then fail "it takes somebody without a certificate"; fi
    echo "spiffe://public/ns/$namespace/backend-api; without a certificate the connection is closed"
}

# audit-service may ask backend-api how it is, and nothing else.
access_control() {
    local status
    forwards_end
    forward "pod/$(pod_of audit-service)" 3500
    status=$(curl --silent --output "$work/denied" --write-out '%{http_code}' --request POST --json '{}' \
        "http://127.0.0.1:$port"/v1.0/invoke/backend-api/method/internal/people)
    [ "$status" = 403 ] || fail "/internal/people was answered $status: $(cat "$work/denied")"
    grep -q 'access control' "$work/denied" || fail "it was refused by somebody else: $(cat "$work/denied")"
    status=$(curl --silent --output "$work/allowed" --write-out '%{http_code}' "http://127.0.0.1:$port"/v1.0/invoke/backend-api/method/health)
    [ "$status" = 200 ] || fail "/health was answered $status: $(cat "$work/allowed")"
    # An API that the services do not use is not there: the path counts as a call of an app that is not named.
    status=$(curl --silent --output "$work/denied" --write-out '%{http_code}' "http://127.0.0.1:$port"/v1.0/metadata)
    [ "$status" = 404 ] || fail "the metadata API was answered $status: $(cat "$work/denied")"
    echo "audit-service → backend-api: /internal/people 403, /health 200; the sidecar's other APIs are not there"
}

# The Services themselves, so that whoever writes does not know of pods.
find_addresses() {
    local api socket
    api=$(kubectl get service backend-api --namespace "$namespace" --output jsonpath='{.spec.clusterIP}')
    socket=$(kubectl get service websocket-service --namespace "$namespace" --output jsonpath='{.spec.clusterIP}')
    API_URL="${API_URL:-http://$api:8000}" SOCKET_URL="${SOCKET_URL:-ws://$socket:8005/ws}"
    export NO_PROXY="${NO_PROXY:+$NO_PROXY,}$api,$socket" no_proxy="${no_proxy:+$no_proxy,}$api,$socket"
    curl --silent --fail --max-time 10 --output /dev/null "$API_URL/readyz" && return
    echo "cluster-check: $API_URL does not answer this machine: say API_URL and SOCKET_URL, such as those of an Ingress or a LoadBalancer" >&2
    exit 2
}

# The commands of README.md as they are printed; what is not in the cluster is passed on from where the README says it is.
walk_through() {
    local secret
    forwards_end
    forward service/backend-api 8000 8000
    forward service/websocket-service 8005 8005
    forward "pod/$(pod_of backend-api)" 3500 3500
    forward "pod/$(pod_of audit-service)" 8002 8002
    secret() { kubectl get secret tidings --namespace "$namespace" --output "go-template={{.data.$1 | base64decode}}"; }
    python3 - "$binaries/tidings" >"$work/walk-through" <<'PYTHON'
import re, sys
blocks = re.findall(r"^```sh walkthrough\n(.*?)^```", open("README.md").read(), re.S | re.M)
assert len(blocks) > 6, "README.md has a walk-through"
print("\necho\n".join(blocks).replace("./scripts/tidings", sys.argv[1]))
PYTHON
    mkdir -p "$work/walk"
    (
        cd "$work/walk"
        AUTH_SECRET=$(secret AUTH_SECRET) APP_API_TOKEN=$(secret token) TIDINGS_DATA="$work/walk/data" timeout 180 bash -euo pipefail "$work/walk-through"
    ) >"$work/walked" || fail "it ended after: $(tail -n 3 "$work/walked" | cut -c 1-300)"
    grep -q external.task-created "$work/walked" || fail "the notice of another system is missing"
    echo "$(grep -c 'curl\|scripts/tidings' "$work/walk-through") commands, each worked; $(wc -l <"$work/walk/watched.jsonl") messages on the socket"
}

helm_test() {
    helm test tidings --namespace "$namespace" --logs --timeout 3m >"$work/helm-test" 2>&1 || fail "$(grep -m 3 FAIL "$work/helm-test" || tail -n 3 "$work/helm-test")"
    echo "$(grep -c '^ok' "$work/helm-test") checks in the cluster"
}
