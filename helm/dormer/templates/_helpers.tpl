{{- define "dormer.name" -}}
{{- if eq .Release.Name "dormer" -}} dormer {{- else -}} {{ printf "%s-dormer" .Release.Name | trunc 52 | trimSuffix "-" }} {{- end -}}
{{- end -}}

{{- define "dormer.selector" -}}
app.kubernetes.io/name: dormer
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "dormer.labels" -}}
{{ include "dormer.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: gateway
app.kubernetes.io/part-of: dormer
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "dormer.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "dormer.port" -}}
{{- .Values.service.port | default (ternary 443 80 (not (empty .Values.tls.secretName))) -}}
{{- end -}}

{{- define "dormer.publicUrl" -}}
{{- if .Values.publicUrl -}} {{ trimSuffix "/" .Values.publicUrl }} {{- else -}} https://{{ .Values.domain }} {{- end -}}
{{- end -}}

{{- define "dormer.sshType" -}} {{- .Values.ssh.type | default .Values.service.type -}} {{- end -}}
