{{/* Every plain setting: those that follow from `global`, then `global.settings`, then the service's own. Empty ones are left out. */}}
{{- define "service.settings" -}}
{{- $context := index . 0 -}}
{{- $settings := dict "PORT" $context.Values.port "BIND_ADDRESS" "0.0.0.0" "LOG_FORMAT" "json" -}}
{{- with $context.global.otlpEndpoint }}{{ $_ := set $settings "OTEL_EXPORTER_OTLP_ENDPOINT" . }}{{ end -}}
{{- range $topic, $name := $context.global.topics }}
{{- $_ := set $settings (printf "%s_TOPIC" ($topic | upper | replace "-" "_")) $name }}
{{- end }}
{{- range list (index . 1) $context.global.settings $context.Values.settings }}
{{- range $name, $value := . }}
{{- if ne (toString $value) "" }}{{ $_ := set $settings $name $value }}{{ end }}
{{- end }}
{{- end }}
{{- range $name, $value := $settings }}
{{ $name }}: {{ include "service.number" $value | quote }}
{{- end }}
{{- end }}

{{/* Large numbers of values.yaml are floating point to Helm: 262144, not 262144.0 or 2.62144e+05. */}}
{{- define "service.number" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end }}

{{/* ALLOWED_ORIGINS: the web application, and whoever else is named. */}}
{{- define "service.origins" -}}
{{- $global := include "service.global" . | fromYaml -}}
{{- prepend $global.allowedOrigins $global.urls.app | uniq | join "," -}}
{{- end }}

{{/* Where a secret setting is: the name of its Secret. */}}
{{- define "service.secret-name" -}}
{{- .entry.existingSecret | default .global.existingSecret -}}
{{- end }}

{{/* A list of the secret settings of the pods: name, Secret, key, whether it may be absent, and which secret store holds it. */}}
{{- define "service.secrets" -}}
{{- $global := .global -}}
{{- range $name, $entry := .Values.secrets }}
- name: {{ $name }}
  secret: {{ include "service.secret-name" (dict "entry" $entry "global" $global) | quote }}
  key: {{ $entry.key | default $name }}
  optional: {{ not $entry.required }}
  store: {{ $entry.store | default "" | quote }}
{{- end }}
{{- with .Values.database }}
- name: DATABASE_URL
  secret: {{ include "service.secret-name" (dict "entry" . "global" $global) | quote }}
  key: {{ .urlKey }}
  optional: false
  store: ""
{{- end }}
{{- end }}

{{/* The environment of a service. */}}
{{- define "service.env" -}}
{{- if .global.otlpEndpoint }}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.namespace.name={{ .Release.Namespace }},k8s.pod.name=$(POD_NAME),service.namespace=tidings
{{- end }}
{{- range $name, $value := .settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
- name: APP_API_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "service.app-token-secret" . }}, key: token}}
{{- with .global.dapr.apiTokenSecret }}
- name: DAPR_API_TOKEN
  valueFrom: {secretKeyRef: {name: {{ . }}, key: token}}
{{- end }}
{{- range include "service.secrets" . | fromYamlArray }}
- name: {{ .name }}
{{- if .store }}
  value: secret:{{ .store }}/{{ .key }}
{{- else }}
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .key }}{{ if .optional }}, optional: true{{ end }}}}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "service.app-token-secret" -}}
{{- .global.dapr.appTokenSecret | default .global.existingSecret -}}
{{- end }}
