#!/bin/bash
# The cluster `provision up` makes, as somebody types it who knows how: hosts side by side, every file sent once, nothing waited
# for that is not needed. $1: a folder with the files of a node below node/, images of each role below images-ROLE/, and a
# program ssh-HOST for each host.
set -euo pipefail
cd "$1"
ignore=$(cat ignore)
ours='export PATH=$PATH:/usr/local/bin:/usr/local/sbin KUBECONFIG=/etc/kubernetes/admin.conf; set -e;'

on() { local host=$1 && shift && "./ssh-$host" "$ours $*"; }

prepare() {
  tar -chf - -C node . | on "$1" 'tar -xf - --no-same-owner --no-overwrite-dir -C /'
  on "$1" 'systemctl restart systemd-modules-load && sysctl -q --system && swapoff -a && systemctl daemon-reload &&
    systemctl enable -q --now containerd && systemctl enable -q kubelet'
  tar -chf - -C "images-$2" . | on "$1" 'mkdir -p /root/images && tar -xf - --no-same-owner --no-overwrite-dir -C /root/images &&
    for image in /root/images/*.tar; do ctr -n k8s.io images import "$image" >/dev/null; done && rm -r /root/images'
}

told() { printf '%s\t%s\n' "$SECONDS" "$1"; }

prepare cp1 control-plane & cp1=$!
prepare w1 worker & w1=$!
prepare w2 worker & w2=$!
wait "$cp1" && told 'control plane prepared'
on cp1 "kubeadm init --config /root/kubeadm.yaml --ignore-preflight-errors=$ignore" >init.log 2>&1 && told 'kubeadm init'
on cp1 'kubectl apply -f /root/kube-flannel.yml' >apply.log
join=$(on cp1 'kubeadm token create --ttl 30m --print-join-command')
wait "$w1" "$w2" && told 'workers prepared'
on w1 "$join --node-name w1 --ignore-preflight-errors=$ignore" >join-w1.log 2>&1 & w1=$!
on w2 "$join --node-name w2 --ignore-preflight-errors=$ignore" >join-w2.log 2>&1 & w2=$!
wait "$w1" && wait "$w2" && told 'workers joined'
on cp1 'kubectl wait --for=condition=Ready nodes --all --timeout=10m &&
  kubectl -n kube-flannel rollout status daemonset/kube-flannel-ds --timeout=10m &&
  kubectl -n kube-system rollout status daemonset/kube-proxy --timeout=10m &&
  kubectl -n kube-system rollout status deployment/coredns --timeout=10m' >ready.log
told 'nodes ready'
for host in cp1 w1 w2; do on "$host" 'sh /root/verify.sh'; done
told 'every node serves'
