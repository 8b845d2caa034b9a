// echo is the other end of a proof: it answers HTTP with who it is and who asked, and asks others the same way from inside a pod.
//
//	echo                      serve on :8080
//	echo get URL              print the answer, exit 1 when there is none within 5 s
//	echo resolve NAME [HOST]  print addresses, asking the name server HOST when given
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const limit = 5 * time.Second

func main() {
	err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func run(words []string) error {
	switch {
	case len(words) == 0:
		return serve(":8080")
	case len(words) == 2 && words[0] == "get":
		return get(words[1])
	case len(words) >= 2 && words[0] == "resolve":
		return resolve(words[1], words[2:])
	}
	return fmt.Errorf("usage: echo | echo get URL | echo resolve NAME [HOST]")
}

type answer struct {
	Host    string `json:"host"`
	Client  string `json:"client"`
	Method  string `json:"method"`
	Path    string `json:"path"`
	Request string `json:"request"`
}

func serve(address string) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(answer{name, r.RemoteAddr, r.Method, r.URL.Path, r.Host})
	})
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: limit}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func get(url string) error {
	client := http.Client{Timeout: limit}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err = io.Copy(os.Stdout, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= 400 {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return nil
}

func resolve(name string, servers []string) error {
	resolver := &net.Resolver{PreferGo: true}
	if len(servers) > 0 {
		resolver.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, net.JoinHostPort(servers[0], "53"))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	begin := time.Now()
	addresses, err := resolver.LookupHost(ctx, name)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"name": name, "addresses": addresses, "ms": float64(time.Since(begin).Microseconds()) / 1000,
	})
}
