{{/*
Everything that a service consists of. Called with the chart's root, and the settings that follow from `global` (a map):

    {{ include "service.all" (list . (dict "AUTH_ISSUER" "https://…")) }}

The templates below get the root's objects, `global` with its defaults, `settings`, all plain settings of the service, and whether KEDA scales it.
*/}}
{{- define "service.all" -}}
{{- $root := index . 0 -}}
{{- $global := include "service.global" $root | fromYaml -}}
{{- $context := dict "Values" $root.Values "Chart" $root.Chart "Release" $root.Release "Capabilities" $root.Capabilities "global" $global -}}
{{- $_ := set $context "keda" (and $root.Values.keda ($root.Values.keda).enabled) -}}
{{- $_ = set $context "settings" (include "service.settings" (list $context (index . 1)) | fromYaml) -}}
{{- include "service.check" $context -}}
{{- $objects := list "serviceaccount" "service" "migration" "deployment" "pdb" "hpa" "scaledobject" -}}
{{- range $objects }}
{{- $object := include (printf "service.%s" .) $context | trim }}
{{- if $object }}
---
{{ $object }}
{{- end }}
{{- end }}
{{- end }}
