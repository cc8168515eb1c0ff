{{- define "countersign.name" -}}
{{- printf "%s-%s" .root.Release.Name .service | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "countersign.selector" -}}
app.kubernetes.io/name: countersign
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end }}

{{- define "countersign.labels" -}}
{{ include "countersign.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "countersign.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* Not root, nothing written, nothing gained: the "restricted" Pod Security Standard. */}}
{{- define "countersign.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "countersign.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "countersign.seals" -}}
{{- if .Values.secrets.logKey }}true{{ end -}}
{{- end }}

{{/* The ports of a service, by name. */}}
{{- define "countersign.ports" -}}
{{- if eq .service "gateway" }}
- { name: grpc, containerPort: 50051 }
{{- else if and (eq .service "audit") (include "countersign.seals" .root) }}
- { name: tiles, containerPort: 50053 }
{{- else if and (eq .service "directory") .root.Values.secrets.directory }}
- { name: scim, containerPort: 50052 }
{{- else if and (eq .service "notifier") .root.Values.secrets.channels }}
- { name: http, containerPort: 7090 }
{{- end }}
{{- end }}

{{/* What a service is told beside what all of them are told. */}}
{{- define "countersign.env" -}}
{{- if eq .service "gateway" }}
- { name: COUNTERSIGN_HOST, value: "0.0.0.0" }
- { name: COUNTERSIGN_TLS_CERT_FILE, value: /run/countersign/tls/tls.crt }
- { name: COUNTERSIGN_TLS_KEY_FILE, value: /run/countersign/tls/tls.key }
{{- else if eq .service "approval" }}
- { name: COUNTERSIGN_GRANT_KEY_FILE, value: /run/countersign/grant-key/grant-key.pem }
{{- else if and (eq .service "audit") (include "countersign.seals" .root) }}
- { name: COUNTERSIGN_LOG_ORIGIN, value: {{ required "log.origin: is required to seal the log, for example log.example.com/main" .root.Values.log.origin | quote }} }
- { name: COUNTERSIGN_LOG_KEY_FILES, value: /run/countersign/log-key/log-key.pem }
- { name: COUNTERSIGN_ANCHOR_DIR, value: /var/lib/countersign/anchor }
- { name: COUNTERSIGN_TILES_HOST, value: "0.0.0.0" }
- { name: COUNTERSIGN_TILES_PORT, value: "50053" }
{{- else if and (eq .service "directory") .root.Values.secrets.directory }}
- { name: COUNTERSIGN_DIRECTORY_FILE, value: /run/countersign/directory/directory.yaml }
- { name: COUNTERSIGN_SCIM_HOST, value: "0.0.0.0" }
# Behind an ingress that ends TLS.
- { name: COUNTERSIGN_SCIM_PLAINTEXT, value: "true" }
{{- else if and (eq .service "notifier") .root.Values.secrets.channels }}
- { name: COUNTERSIGN_CHANNELS_FILE, value: /run/countersign/channels/channels.yaml }
- { name: COUNTERSIGN_NOTIFIER_LISTEN, value: "0.0.0.0:7090" }
{{- end }}
{{- end }}

{{/* The secrets that a service sees as files beside the append key, which all but the gateway have: its own and no others. */}}
{{- define "countersign.files" -}}
{{- $secrets := .root.Values.secrets }}
{{- if eq .service "gateway" }}
{{ dict "tls" $secrets.gatewayTls | toJson }}
{{- else if eq .service "approval" }}
{{ dict "grant-key" $secrets.grantKey | toJson }}
{{- else if and (eq .service "audit") $secrets.logKey }}
{{ dict "log-key" $secrets.logKey | toJson }}
{{- else if and (eq .service "directory") $secrets.directory }}
{{ dict "directory" $secrets.directory | toJson }}
{{- else if and (eq .service "notifier") $secrets.channels }}
{{ dict "channels" $secrets.channels | toJson }}
{{- else }}
{}
{{- end }}
{{- end }}
