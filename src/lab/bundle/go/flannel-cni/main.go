// flannel-cni stands in for Flannel's CNI plugin, whose source is not published as a Go module. It does what that plugin does on a
// Linux node: takes the node's subnet from the file flanneld writes and hands the work to `bridge` with `host-local` addresses.
//
// Contract: https://www.cni.dev/docs/spec/ (0.3.1 to 1.0.0), delegation section.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	defaultSubnetFile = "/run/flannel/subnet.env"
	defaultStateDir   = "/var/lib/cni/flannel"
)

// Codes of the specification, "Error".
const (
	codeUnknownContainer = 3
	codeIO               = 5
	codeBadConfig        = 7
	codeTryLater         = 11
)

// network is the part of the configuration that is ours; the rest travels inside delegate.
type network struct {
	CNIVersion string         `json:"cniVersion"`
	Name       string         `json:"name"`
	SubnetFile string         `json:"subnetFile"`
	DataDir    string         `json:"dataDir"`
	Delegate   map[string]any `json:"delegate"`
	IPAM       map[string]any `json:"ipam"`
	Runtime    map[string]any `json:"runtimeConfig"`
}

type pluginError struct {
	code int
	err  error
}

func (e pluginError) Error() string { return e.err.Error() }

func main() {
	if err := run(os.Getenv("CNI_COMMAND"), os.Stdin, os.Stdout); err != nil {
		fail(err)
	}
}

func run(action string, stdin io.Reader, stdout io.Writer) error {
	if action == "VERSION" {
		_, err := fmt.Fprintln(stdout, `{"cniVersion":"1.0.0","supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0"]}`)
		return err
	}
	text, err := io.ReadAll(stdin)
	if err != nil {
		return pluginError{codeIO, err}
	}
	var wanted network
	if err := json.Unmarshal(text, &wanted); err != nil {
		return pluginError{codeBadConfig, fmt.Errorf("network configuration: %w", err)}
	}
	if wanted.SubnetFile == "" {
		wanted.SubnetFile = defaultSubnetFile
	}
	if wanted.DataDir == "" {
		wanted.DataDir = defaultStateDir
	}
	state := filepath.Join(wanted.DataDir, os.Getenv("CNI_CONTAINERID"))
	switch action {
	case "ADD":
		return add(wanted, state, stdout)
	case "DEL":
		return remove(state, stdout)
	case "CHECK":
		return nil
	}
	return pluginError{codeBadConfig, fmt.Errorf("CNI_COMMAND is %q, expected ADD, DEL, CHECK or VERSION", action)}
}

// add remembers what it delegates: subnet.env may be gone, or another subnet's, when the pod is removed.
func add(wanted network, state string, stdout io.Writer) error {
	subnet, err := readSubnet(wanted.SubnetFile)
	if err != nil {
		return pluginError{codeTryLater, fmt.Errorf("%w (flanneld writes it once the node has a pod CIDR)", err)}
	}
	config, err := json.Marshal(delegation(wanted, subnet))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(state), 0o700); err != nil {
		return pluginError{codeIO, err}
	}
	if err := os.WriteFile(state, config, 0o600); err != nil {
		return pluginError{codeIO, err}
	}
	return delegate(config, stdout)
}

// remove succeeds when there is nothing left to remove, as the specification asks.
func remove(state string, stdout io.Writer) error {
	config, err := os.ReadFile(state)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return pluginError{codeIO, err}
	}
	if err := delegate(config, stdout); err != nil {
		return err
	}
	return os.Remove(state)
}

func fail(err error) {
	code := codeUnknownContainer + 96
	var known pluginError
	if errors.As(err, &known) {
		code = known.code
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"cniVersion": "1.0.0", "code": code, "msg": "flannel: " + err.Error()})
	os.Exit(1)
}
