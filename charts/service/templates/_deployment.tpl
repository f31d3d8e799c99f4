{{- define "service.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Chart.Name }}
  labels:
    {{- include "service.labels" . | nindent 4 }}
spec:
  {{- if not (or .Values.autoscaling.enabled .keda) }}
  replicas: {{ .Values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    # A new pod is ready before an old one ends.
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  selector:
    matchLabels:
      {{- include "service.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "service.labels" . | nindent 8 }}
        {{- with .Values.podLabels }}{{ toYaml . | nindent 8 }}{{ end }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ .Chart.Name }}
        # Sidecars read what Dapr is to know when they start: what `global` says of it starts the pods anew, one after the other.
        checksum/global: {{ toJson (list .global .Chart.Version) | sha256sum | trunc 16 | quote }}
        {{- include "service.dapr-annotations" . | nindent 8 }}
        {{- with .Values.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      serviceAccountName: {{ .Chart.Name }}
      {{- include "service.pod" . | nindent 6 }}
      terminationGracePeriodSeconds: {{ add (include "service.dapr-block-seconds" .) (include "service.dapr-graceful-seconds" .) 5 }}
      topologySpreadConstraints:
        {{- if .Values.topologySpreadConstraints }}
        {{- toYaml .Values.topologySpreadConstraints | nindent 8 }}
        {{- else }}
        {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          # So that the old pods of a rolling update do not count.
          matchLabelKeys: [pod-template-hash]
          labelSelector:
            matchLabels:
              {{- include "service.selector" $ | nindent 14 }}
        {{- end }}
        {{- end }}
      {{- with .Values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .Chart.Name }}
          {{- include "service.container" . | nindent 10 }}
          ports:
            - {name: http, containerPort: {{ .Values.port }}}
          env:
            {{- include "service.env" . | trim | nindent 12 }}
          # It listens before it has reached its secrets and its database.
          startupProbe:
            httpGet: {path: /livez, port: http}
            periodSeconds: 1
            failureThreshold: 120
          livenessProbe:
            httpGet: {path: /livez, port: http}
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 3
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 2
            timeoutSeconds: 3
            failureThreshold: 2
          lifecycle:
            # Until every proxy knows that the pod is to end, it goes on.
            preStop: {sleep: {seconds: {{ .Values.shutdown.waitSeconds }}}}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          {{- with .Values.extraVolumeMounts }}
          volumeMounts:
            {{- toYaml . | nindent 12 }}
          {{- end }}
{{- end }}
