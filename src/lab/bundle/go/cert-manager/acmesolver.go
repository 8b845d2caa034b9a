package main

import (
	"context"

	"k8s.io/klog/v2"

	"github.com/cert-manager/cert-manager/pkg/issuer/acme/http/solver"
)

func runSolver(ctx context.Context, given flags) error {
	answering := &solver.HTTP01Solver{
		ListenPort: given.number("listen-port", 8089),
		Domain:     given.text("domain", ""),
		Token:      given.text("token", ""),
		Key:        given.text("key", ""),
	}
	go func() {
		<-ctx.Done()
		_ = answering.Close()
	}()
	return answering.Listen(klog.FromContext(ctx))
}
