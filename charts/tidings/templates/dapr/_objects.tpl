{{/* An object of components/ (.object) as the cluster gets it; nothing for one that has no place there. */}}
{{- define "tidings.dapr-object" -}}
{{- $root := .root -}}
{{- $object := deepCopy .object -}}
{{- $name := $object.metadata.name -}}
{{- $_ := set $object.metadata "labels" (include "tidings.labels" $root | fromYaml) -}}
{{- if eq $object.kind "Configuration" -}}
{{- include "tidings.dapr-configuration" (dict "root" $root "object" $object) -}}
{{- else if ne $object.kind "Component" -}}
{{- toYaml $object -}}
{{- else if eq $object.spec.type "pubsub.kafka" -}}
{{- include "tidings.dapr-broker" (dict "root" $root "object" $object) -}}
{{- else if eq $object.spec.type "secretstores.local.env" -}}
{{- with (include "tidings.context" $root | fromYaml).global.dapr.secretStore }}{{ $_ := set $object "spec" . }}{{ end -}}
{{- toYaml $object -}}
{{- else if ne $object.spec.type "secretstores.local.file" -}}
{{- toYaml $object -}}
{{- end -}}
{{- end }}

{{/* A component of the broker: its address, its credentials, and who may send and take what. */}}
{{- define "tidings.dapr-broker" -}}
{{- $object := .object -}}
{{- $context := include "tidings.context" .root | fromYaml -}}
{{- $kafka := $context.global.kafka -}}
{{- if not $kafka.brokers -}}
{{- fail "\nWhere is the broker? Say its addresses, Redpanda's or another Kafka's: --set global.kafka.brokers=redpanda:9092" -}}
{{- end -}}
{{- $metadata := list -}}
{{- range $object.spec.metadata -}}
{{- if not (has .name (list "brokers" "authType")) }}{{ $metadata = append $metadata . }}{{ end -}}
{{- end -}}
{{- $own := list (dict "name" "brokers" "value" $kafka.brokers) (dict "name" "authType" "value" $kafka.authType) -}}
{{- if eq $kafka.authType "password" }}{{ $own = append $own (dict "name" "saslMechanism" "value" $kafka.saslMechanism) }}{{ end -}}
{{- if $kafka.disableTls }}{{ $own = append $own (dict "name" "disableTls" "value" "true") }}{{ end -}}
{{- range include "service.kafka-secrets" $context | fromYamlArray -}}
{{- if not (and .secret .key) }}{{ fail (printf "\nglobal.kafka.authType=%s needs %s: name its Secret with global.kafka.existingSecret, and its key." $kafka.authType .dapr) }}{{ end -}}
{{- $own = append $own (dict "name" .dapr "secretKeyRef" (dict "name" .secret "key" .key)) -}}
{{- end -}}
{{- $scopes := include "tidings.topic-scopes" . | fromYaml -}}
{{- range $scope := list "protectedTopics" "publishingScopes" "subscriptionScopes" -}}
{{- with get $scopes $scope }}{{ $own = append $own (dict "name" $scope "value" .) }}{{ end -}}
{{- end -}}
{{- $_ := set $object.spec "metadata" (concat $own $metadata $kafka.extraMetadata) -}}
{{- $_ := set $object "scopes" $scopes.apps -}}
{{- $_ := set $object "auth" (dict "secretStore" "kubernetes") -}}
{{- toYaml $object -}}
{{- end }}

{{/* From topics.yaml: the apps that use the component, and its protectedTopics, publishingScopes and subscriptionScopes. */}}
{{- define "tidings.topic-scopes" -}}
{{- $component := .object.metadata.name -}}
{{- $context := include "tidings.context" .root | fromYaml -}}
{{- $table := get (.root.Files.Get "topics.yaml" | fromYaml) $component -}}
{{- $_ := required (printf "\ncharts/tidings/topics.yaml does not say who uses %s." $component) $table -}}
{{- $publish := deepCopy ($table.publish | default dict) -}}
{{- $subscribe := $table.subscribe -}}
{{- range $app, $topics := $subscribe -}}
{{- range $topics -}}
{{- if not (hasSuffix ".dead" .) }}{{ $_ := set $publish $app (append (get $publish $app | default list) (printf "%s.dead" .)) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if eq $component "tasks" -}}
{{- range .root.Values.dapr.noticePublishers -}}
{{- $_ := set $publish . (append (get $publish . | default list) "task-created") -}}
{{- end -}}
{{- end -}}
{{- $all := list -}}
{{- $result := dict "apps" (concat (keys $publish) (keys $subscribe) | uniq | sortAlpha) -}}
{{- range $scope, $apps := dict "publishingScopes" $publish "subscriptionScopes" $subscribe -}}
{{- $parts := list -}}
{{- range $app := keys $apps | sortAlpha -}}
{{- $names := list -}}
{{- range get $apps $app -}}
{{- $topic := trimSuffix ".dead" . -}}
{{- $name := printf "%s%s" (include "service.topic" (dict "global" $context.global "topic" $topic)) (trimPrefix $topic .) -}}
{{- $names = append $names $name -}}
{{- end -}}
{{- $all = concat $all $names -}}
{{- $parts = append $parts (printf "%s=%s" $app (join "," $names)) -}}
{{- end -}}
{{- $_ := set $result $scope (join ";" $parts) -}}
{{- end -}}
{{- $_ := set $result "protectedTopics" ($all | uniq | sortAlpha | join ",") -}}
{{- toYaml $result -}}
{{- end }}

{{/*
How sidecars work: who may call what, known by the certificates of mTLS, which Dapr's control plane has on unless told otherwise. Whoever shows
none is nobody, and may call nothing. What is changed here reaches a sidecar when its pod starts anew, one after the other: reloaded at once, a
mistake would stop all of them.
*/}}
{{- define "tidings.dapr-configuration" -}}
{{- $object := .object -}}
{{- $namespace := .root.Release.Namespace -}}
{{- $access := $object.spec.accessControl -}}
{{- $_ := set $access "defaultAction" "deny" -}}
{{- range $access.policies }}{{ $_ := set . "namespace" $namespace }}{{ end -}}
{{- $_ := set $object.spec "api" (dict "allowed" (concat .root.Values.dapr.apiAllowed .root.Values.dapr.apiAllowedToo)) -}}
{{- $_ := set $object.spec "features" (list (dict "name" "HotReload" "enabled" false)) -}}
{{- with (include "tidings.context" .root | fromYaml).global.otlpEndpoint -}}
{{- $url := urlParse . -}}
{{- $otel := dict "endpointAddress" $url.host "protocol" "grpc" "isSecure" (eq $url.scheme "https") -}}
{{- $_ := set $object.spec.tracing "otel" $otel -}}
{{- end -}}
{{- toYaml $object -}}
{{- end }}
