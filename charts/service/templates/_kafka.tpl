{{/* Not empty when connections to the broker are encrypted: with `none` they never are. */}}
{{- define "service.kafka-tls" -}}
{{- if and (ne .global.kafka.authType "none") (not .global.kafka.disableTls) }}true{{ end -}}
{{- end }}

{{/* The broker's secrets: what Dapr's component and what KEDA call each, and where it is. */}}
{{- define "service.kafka-secrets" -}}
{{- $kafka := .global.kafka -}}
{{- $secret := $kafka.existingSecret | default .global.existingSecret -}}
{{- if eq $kafka.authType "password" }}
- {dapr: saslUsername, keda: username, secret: {{ $secret }}, key: {{ $kafka.usernameKey }}}
- {dapr: saslPassword, keda: password, secret: {{ $secret }}, key: {{ $kafka.passwordKey }}}
{{- end }}
{{- if eq $kafka.authType "mtls" }}
- {dapr: clientCert, keda: cert, secret: {{ $secret }}, key: {{ $kafka.certKey }}}
- {dapr: clientKey, keda: key, secret: {{ $secret }}, key: {{ $kafka.keyKey }}}
{{- end }}
{{- with $kafka.caKey }}
- {dapr: caCert, keda: ca, secret: {{ $secret }}, key: {{ . }}}
{{- end }}
{{- end }}
