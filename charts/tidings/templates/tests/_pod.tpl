{{/* A pod for `helm test`: .root, .name and .script. */}}
{{- define "tidings.test" -}}
{{- $root := .root -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ .name }}
  labels:
    {{- include "tidings.labels" $root | nindent 4 }}
    app.kubernetes.io/component: test
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation
    dapr.io/enabled: "false"
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    seccompProfile: {type: RuntimeDefault}
  {{- with (include "service.global" $root | fromYaml).image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: test
      image: {{ $root.Values.tests.image }}
      imagePullPolicy: IfNotPresent
      {{- include "service.container-security" $root | nindent 6 }}
      resources:
        requests: {cpu: 10m, memory: 16Mi, ephemeral-storage: 8Mi}
        limits: {memory: 64Mi, ephemeral-storage: 32Mi}
      command: [sh, -euc]
      args:
        - |
          {{- .script | trim | nindent 10 }}
{{- end }}
