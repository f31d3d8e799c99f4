{{- define "service.scale-target" -}}
{apiVersion: apps/v1, kind: Deployment, name: {{ .Chart.Name }}}
{{- end }}

{{- define "service.hpa" -}}
{{- with .Values.autoscaling -}}
{{- if .enabled -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $.Chart.Name }}
  labels:
    {{- include "service.labels" $ | nindent 4 }}
spec:
  scaleTargetRef: {{ include "service.scale-target" $ }}
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  metrics:
    # Of the service alone: its sidecar would blur it.
    - type: ContainerResource
      containerResource:
        name: cpu
        container: {{ $.Chart.Name }}
        target: {type: Utilization, averageUtilization: {{ .cpuPercent }}}
{{- end }}
{{- end }}
{{- end }}

{{/* Scales a consumer by what waits for it on the broker; more replicas than partitions would have nothing to do, and KEDA knows. */}}
{{- define "service.scaledobject" -}}
{{- $kafka := .global.kafka -}}
{{- if .keda -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ .Chart.Name }}
  labels:
    {{- include "service.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {name: {{ .Chart.Name }}}
  minReplicaCount: {{ .Values.keda.minReplicas }}
  maxReplicaCount: {{ .Values.keda.maxReplicas }}
  triggers:
    {{- range .Values.keda.topics }}
    - type: kafka
      metadata:
        bootstrapServers: {{ $kafka.brokers }}
        # The group of components/pubsub.yaml: {appID}.
        consumerGroup: {{ $.Chart.Name }}
        topic: {{ include "service.topic" (dict "global" $.global "topic" .) }}
        lagThreshold: {{ $.Values.keda.lagThreshold | quote }}
        offsetResetPolicy: earliest
        {{- if eq $kafka.authType "password" }}
        sasl: {{ get (dict "SHA-256" "scram_sha256" "SHA-512" "scram_sha512" "PLAINTEXT" "plaintext") $kafka.saslMechanism }}
        {{- end }}
        {{- if include "service.kafka-tls" $ }}
        tls: enable
        {{- end }}
      {{- if include "service.kafka-secrets" $ | trim }}
      authenticationRef: {name: {{ $.Chart.Name }}}
      {{- end }}
    {{- end }}
{{- with include "service.kafka-secrets" . | trim }}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  name: {{ $.Chart.Name }}
  labels:
    {{- include "service.labels" $ | nindent 4 }}
spec:
  secretTargetRef:
    {{- range fromYamlArray . }}
    - {parameter: {{ .keda }}, name: {{ .secret }}, key: {{ .key }}}
    {{- end }}
{{- end }}
{{- end }}
{{- end }}
