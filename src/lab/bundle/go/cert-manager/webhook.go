package main

import (
	"context"
	"time"

	"k8s.io/klog/v2"

	"github.com/cert-manager/cert-manager/internal/apis/config/shared"
	config "github.com/cert-manager/cert-manager/internal/apis/config/webhook"
	"github.com/cert-manager/cert-manager/internal/webhook"
)

// A week, as upstream's own default.
const leafDuration = 7 * 24 * time.Hour

func runWebhook(ctx context.Context, given flags) error {
	settings := config.WebhookConfiguration{
		SecurePort:  int32(given.number("secure-port", 10250)),
		HealthzPort: int32(given.number("healthz-port", 6080)),
		KubeConfig:  given.text("kubeconfig", ""),
		TLSConfig: shared.TLSConfig{Dynamic: shared.DynamicServingConfig{
			SecretNamespace: given.text("dynamic-serving-ca-secret-namespace", ""),
			SecretName:      given.text("dynamic-serving-ca-secret-name", ""),
			DNSNames:        given["dynamic-serving-dns-names"],
			LeafDuration:    leafDuration,
		}},
		MetricsListenAddress: given.text("metrics-listen-address", "0"),
	}
	server, err := webhook.NewCertManagerWebhookServer(klog.FromContext(ctx), settings)
	if err != nil {
		return err
	}
	return server.Run(ctx)
}
