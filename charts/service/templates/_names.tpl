{{/* The labels by which a service's pods are found; they never change. */}}
{{- define "service.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of everything. */}}
{{- define "service.labels" -}}
{{ include "service.selector" . }}
{{ include "service.common-labels" . }}
app.kubernetes.io/component: {{ .component | default "service" }}
{{- end }}

{{- define "service.common-labels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: tidings
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* <registry>/<repository>:<tag> or @<digest>. */}}
{{- define "service.image" -}}
{{- $image := .Values.image -}}
{{- $name := $image.repository -}}
{{- with .global.image.registry }}{{ $name = printf "%s/%s" (trimSuffix "/" .) $name }}{{ end -}}
{{- if $image.digest -}}
{{ $name }}@{{ $image.digest }}
{{- else -}}
{{ $name }}:{{ $image.tag | default .global.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* What `global` says, with what it leaves out. A value that is empty counts as left out, so none of these defaults is true. */}}
{{- define "service.global" -}}
{{- $image := dict "registry" "" "tag" "" "pullPolicy" "IfNotPresent" "pullSecrets" list -}}
{{- $urls := dict "api" "http://localhost:8000" "app" "http://localhost:3000" -}}
{{- $kafka := dict "brokers" "" "authType" "none" "saslMechanism" "SHA-512" "disableTls" false "existingSecret" ""
  "usernameKey" "KAFKA_USERNAME" "passwordKey" "KAFKA_PASSWORD" "caKey" "" "certKey" "" "keyKey" "" "extraMetadata" list -}}
{{- $dapr := dict "appTokenSecret" "" "apiTokenSecret" "" "secretStore" dict -}}
{{- $defaults := dict "image" $image "existingSecret" "" "skipChecks" false "urls" $urls "allowedOrigins" list "trustedProxies" list
  "trustedIssuers" list "kafka" $kafka "topics" dict "dapr" $dapr "otlpEndpoint" "" "settings" dict -}}
{{- toYaml (merge (deepCopy (.Values.global | default dict)) $defaults) -}}
{{- end }}

{{/* What the topic (.topic) is called on the broker. */}}
{{- define "service.topic" -}}
{{- $topics := .global.topics | default dict -}}
{{- get $topics .topic | default .topic -}}
{{- end }}
