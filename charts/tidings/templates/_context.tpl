{{/* The chart with `global` and its defaults, for the templates of charts/service. */}}
{{- define "tidings.context" -}}
{{- $global := include "service.global" . | fromYaml -}}
{{- toYaml (dict "global" $global "Release" (dict "Name" .Release.Name "Namespace" .Release.Namespace "Service" .Release.Service)) -}}
{{- end }}

{{/* Labels of what is no service's. Call with the root. */}}
{{- define "tidings.labels" -}}
app.kubernetes.io/name: tidings
app.kubernetes.io/instance: {{ .Release.Name }}
{{ include "service.common-labels" . }}
{{- end }}

{{/* The documents of a file of components/, as a list. */}}
{{- define "tidings.documents" -}}
{{- $documents := list -}}
{{- range splitList "\n---\n" (printf "\n%s\n" .) -}}
{{- $document := fromYaml . -}}
{{- if hasKey $document "Error" }}{{ fail $document.Error }}{{ end -}}
{{- if $document }}{{ $documents = append $documents $document }}{{ end -}}
{{- end -}}
{{- toYaml $documents -}}
{{- end }}
