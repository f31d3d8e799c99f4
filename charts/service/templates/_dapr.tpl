{{/*
How the sidecar is made, and how the pod ends. A service stops within 10 s of its signal, which comes after `shutdown.waitSeconds`. Its sidecar
is told at once: it takes no more events, and serves the service (block) until that is gone. Then it ends itself (graceful).
*/}}
{{- define "service.dapr-annotations" -}}
dapr.io/enabled: "true"
dapr.io/app-id: {{ .Chart.Name }}
dapr.io/app-port: {{ .Values.port | quote }}
dapr.io/app-protocol: http
dapr.io/config: tidings
dapr.io/log-as-json: "true"
dapr.io/log-level: {{ .Values.dapr.logLevel }}
# As dapr.yaml says it. While a service is not ready, its events wait on the broker.
dapr.io/enable-app-health-check: "true"
dapr.io/app-health-check-path: /readyz
dapr.io/app-health-probe-interval: "1"
dapr.io/app-health-probe-timeout: "1000"
dapr.io/app-health-threshold: "3"
dapr.io/app-token-secret: {{ include "service.app-token-secret" . }}
{{- with .global.dapr.apiTokenSecret }}
dapr.io/api-token-secret: {{ . }}
{{- end }}
dapr.io/block-shutdown-duration: {{ include "service.dapr-block-seconds" . }}s
dapr.io/graceful-shutdown-seconds: {{ include "service.dapr-graceful-seconds" . | quote }}
# It would need the token that the pods do not have.
dapr.io/disable-builtin-k8s-secret-store: "true"
dapr.io/sidecar-seccomp-profile-type: RuntimeDefault
{{- range $kind, $amounts := .Values.dapr.resources }}
{{- range $what, $amount := $amounts }}
{{- with $amount }}
dapr.io/sidecar-{{ $what }}-{{ trimSuffix "s" $kind }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- with include "service.dapr-secrets" . | trim }}
dapr.io/env-from-secret: {{ . | quote }}
{{- end }}
{{- range $name, $value := .Values.dapr.annotations }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "service.dapr-block-seconds" -}}
{{- add .Values.shutdown.waitSeconds 10 -}}
{{- end }}

{{- define "service.dapr-graceful-seconds" -}}
15
{{- end }}

{{/*
Secrets that are read through the sidecar: with the store `secrets` as components/secrets.yaml has it, they are in the sidecar's environment,
and only there.
*/}}
{{- define "service.dapr-secrets" -}}
{{- $secrets := list -}}
{{- if not .global.dapr.secretStore -}}
{{- range include "service.secrets" . | fromYamlArray -}}
{{- if eq .store "secrets" }}{{ $secrets = append $secrets (printf "TIDINGS_SECRET_%s=%s:%s" .key .secret .key) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- join "," $secrets -}}
{{- end }}
