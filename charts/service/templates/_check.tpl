{{/* What is missing is told before anything is installed. */}}
{{- define "service.check" -}}
{{- $name := .Chart.Name -}}
{{- if and .Values.autoscaling.enabled .keda -}}
{{- fail (printf "\n%s: autoscaling.enabled and keda.enabled are both true, and would both set the number of pods: choose one." $name) -}}
{{- end -}}
{{- if and .Values.database (eq (toString (get .settings "DATABASE_STATEMENTS")) "unnamed") (not .Values.database.directUrlKey) -}}
{{- fail (printf "\n%s: DATABASE_STATEMENTS=unnamed is for a pooler, which migrations cannot pass: set database.directUrlKey." $name) -}}
{{- end -}}
{{- if include "service.is-live" . -}}
{{- if not (.Capabilities.APIVersions.Has "dapr.io/v1alpha1/Component") -}}
{{- fail "\nDapr is not installed in this cluster: the services would run without their sidecars. Install it first, with dapr init -k, or\n  helm upgrade --install dapr dapr --repo https://dapr.github.io/helm-charts/ --namespace dapr-system --create-namespace --wait" -}}
{{- end -}}
{{- if and .keda (not (.Capabilities.APIVersions.Has "keda.sh/v1alpha1/ScaledObject")) -}}
{{- fail (printf "\n%s: keda.enabled is true, but KEDA is not installed in this cluster: https://keda.sh/docs/latest/deploy/" $name) -}}
{{- end -}}
{{- end -}}
{{- include "service.check-secrets" . -}}
{{- end }}

{{/* Every Secret that a service names must be there with its keys, as far as that can be seen. */}}
{{- define "service.check-secrets" -}}
{{- $name := .Chart.Name -}}
{{- $wanted := include "service.secrets" . | fromYamlArray -}}
{{- with .Values.database -}}
{{- $secret := include "service.secret-name" (dict "entry" . "global" $.global) -}}
{{- $wanted = append $wanted (dict "name" "DATABASE_URL_DIRECT" "secret" $secret "key" .directUrlKey "optional" false "store" "") -}}
{{- end -}}
{{- $token := include "service.app-token-secret" . -}}
{{- $wanted = append $wanted (dict "name" "APP_API_TOKEN" "secret" $token "key" "token" "optional" false "store" "") -}}
{{- with .global.dapr.apiTokenSecret -}}
{{- $wanted = append $wanted (dict "name" "DAPR_API_TOKEN" "secret" . "key" "token" "optional" false "store" "") -}}
{{- end -}}
{{- range $wanted -}}
{{- $ours := or (not .store) (and (eq .store "secrets") (not $.global.dapr.secretStore)) -}}
{{- if and $ours (not .secret) -}}
{{- fail (printf "\n%s: where is %s? Make a Secret, and name it: --set global.existingSecret=tidings. docs/DEPLOY.md says what belongs into it." $name .name) -}}
{{- end -}}
{{- if and $ours (not .optional) (include "service.is-live" $) -}}
{{- $found := lookup "v1" "Secret" $.Release.Namespace .secret -}}
{{- if not $found -}}
{{- fail (printf "\n%s: there is no Secret %s in namespace %s, which is to have %s as %s. Make it first (docs/DEPLOY.md); where Helm cannot look into the cluster, as in Argo CD, set global.skipChecks=true." $name .secret $.Release.Namespace .name .key) -}}
{{- end -}}
{{- if not (hasKey ($found.data | default dict) .key) -}}
{{- fail (printf "\n%s: Secret %s in namespace %s has no key %s for %s, only: %s." $name .secret $.Release.Namespace .key .name (keys ($found.data | default dict) | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Not empty when this is an installation and no dry run: only then Helm asks the cluster what kinds of objects it knows. */}}
{{- define "service.is-live" -}}
{{- if and (.Capabilities.APIVersions.Has "apps/v1/Deployment") (not .global.skipChecks) }}true{{ end -}}
{{- end }}
