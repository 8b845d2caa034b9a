// pause holds a pod's namespaces: it waits until it is told to go, and reaps what its pod leaves behind.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// `kubeadm upgrade` runs the image with -v, to see whether the cluster still starts something.
	if len(os.Args) > 1 && os.Args[1] == "-v" {
		os.Stdout.WriteString("a pause of the lab\n")
		return
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			os.Exit(0)
		}
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if pid <= 0 && err != syscall.EINTR {
				break
			}
		}
	}
}
