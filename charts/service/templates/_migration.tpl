{{/*
Brings the service's tables up to date before its pods start or change, as the owner of the tables and past the pooler. Whatever was done
before is left as it is; old pods go on working meanwhile, because migrations expand first and contract a release later.
*/}}
{{- define "service.migration" -}}
{{- if and .Values.database .Values.migrations.enabled -}}
{{- $labels := dict "Chart" (dict "Name" (printf "%s-migrate" .Chart.Name) "AppVersion" .Chart.AppVersion "Version" .Chart.Version) "Release" .Release "component" "migration" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Chart.Name }}-migrate
  labels:
    {{- include "service.labels" $labels | nindent 4 }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
    # What went wrong is shown by helm install itself.
    helm.sh/hook-output-log-policy: hook-failed
spec:
  backoffLimit: {{ .Values.migrations.attempts }}
  activeDeadlineSeconds: {{ .Values.migrations.seconds }}
  template:
    metadata:
      labels:
        {{- include "service.labels" $labels | nindent 8 }}
      annotations:
        # Nothing here needs a sidecar, and a Job with one would not end.
        dapr.io/enabled: "false"
    spec:
      restartPolicy: Never
      {{- include "service.pod" . | nindent 6 }}
      containers:
        - name: migrate
          {{- include "service.container" . | nindent 10 }}
          args: [migrate]
          env:
            - name: DATABASE_URL_DIRECT
              valueFrom: {secretKeyRef: {name: {{ include "service.secret-name" (dict "entry" .Values.database "global" .global) }}, key: {{ .Values.database.directUrlKey }}}}
            {{- with .Values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          {{- with .Values.extraVolumeMounts }}
          volumeMounts:
            {{- toYaml . | nindent 12 }}
          {{- end }}
{{- end }}
{{- end }}
