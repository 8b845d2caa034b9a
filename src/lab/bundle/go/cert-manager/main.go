// Command cert-manager is cert-manager's own controllers, injector, webhook and solver behind one name, for the lab: upstream
// publishes them as packages, and its commands not at all. The first argument says which one; the others are the flags of
// upstream's manifest.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"k8s.io/klog/v2"
)

// flags are the command line's, by name; one may be given several times.
type flags map[string][]string

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("which one? controller, cainjector, webhook or acmesolver"))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx = klog.NewContext(ctx, klog.Background())
	given := parse(os.Args[2:])
	run, known := map[string]func(context.Context, flags) error{
		"controller": runController,
		"cainjector": runInjector,
		"webhook":    runWebhook,
		"acmesolver": runSolver,
	}[os.Args[1]]
	if !known {
		fail(fmt.Errorf("there is no %q", os.Args[1]))
	}
	if err := run(ctx, given); err != nil && ctx.Err() == nil {
		fail(err)
	}
}

func parse(words []string) flags {
	given := flags{}
	for _, word := range words {
		name, value, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
		given[name] = append(given[name], value)
	}
	return given
}

func (f flags) text(name, otherwise string) string {
	if values := f[name]; len(values) > 0 {
		return values[len(values)-1]
	}
	return otherwise
}

func (f flags) number(name string, otherwise int) int {
	value, err := strconv.Atoi(f.text(name, strconv.Itoa(otherwise)))
	if err != nil {
		fail(fmt.Errorf("--%s: %w", name, err))
	}
	return value
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
