/** CoreDNS as something that answers HTTP with `OK` at /health: its image is on every node. */
export const HTTP_APP = `
apiVersion: v1
kind: ConfigMap
metadata: {name: answering, namespace: default}
data: {Corefile: ".:53 {\\n  health :8080\\n  whoami\\n}\\n"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: answering, namespace: default}
spec:
  selector: {matchLabels: {app: answering}}
  template:
    metadata: {labels: {app: answering}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: coredns
          image: registry.k8s.io/coredns/coredns:v1.14.2
          args: [-conf, /etc/coredns/Corefile]
          readinessProbe: {httpGet: {path: /health, port: 8080}, periodSeconds: 1}
          volumeMounts: [{name: settings, mountPath: /etc/coredns}]
      volumes: [{name: settings, configMap: {name: answering}}]
`

/** Its Service; `type` as Kubernetes names it. */
export function httpService(type: 'ClusterIP' | 'LoadBalancer'): string {
  return `
apiVersion: v1
kind: Service
metadata: {name: answering, namespace: default}
spec:
  type: ${type}
  selector: {app: answering}
  ports: [{port: 80, targetPort: 8080}]
`
}
