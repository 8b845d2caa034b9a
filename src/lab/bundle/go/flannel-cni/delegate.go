package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// delegation is the configuration of the plugin that does the work. Keys an operator set are left alone.
func delegation(wanted network, subnet subnet) map[string]any {
	config := map[string]any{}
	for key, value := range wanted.Delegate {
		config[key] = value
	}
	config["name"] = wanted.Name
	if wanted.CNIVersion != "" {
		config["cniVersion"] = wanted.CNIVersion
	}
	if len(wanted.Runtime) > 0 {
		config["runtimeConfig"] = wanted.Runtime
	}
	setDefault(config, "type", "bridge")
	// One of the two masquerades: flanneld when it runs with --ip-masq, the bridge otherwise.
	setDefault(config, "ipMasq", !subnet.ipMasq)
	if subnet.mtu > 0 {
		setDefault(config, "mtu", subnet.mtu)
	}
	if config["type"] == "bridge" {
		setDefault(config, "isGateway", true)
	}
	config["ipam"] = addresses(wanted.IPAM, subnet)
	return config
}

func addresses(given map[string]any, subnet subnet) map[string]any {
	ipam := map[string]any{}
	for key, value := range given {
		ipam[key] = value
	}
	routes, _ := ipam["routes"].([]any)
	ranges := []any{}
	for _, one := range subnet.pools {
		ranges = append(ranges, []any{map[string]any{"subnet": one.String()}})
	}
	for _, one := range subnet.networks {
		routes = append(routes, map[string]any{"dst": one.String()})
	}
	ipam["type"] = "host-local"
	ipam["ranges"] = ranges
	ipam["routes"] = routes
	return ipam
}

func setDefault(config map[string]any, key string, value any) {
	if _, set := config[key]; !set {
		config[key] = value
	}
}

// delegate runs the plugin with our own environment; its answer is ours.
func delegate(config []byte, stdout io.Writer) error {
	var named struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(config, &named); err != nil {
		return err
	}
	path, err := findPlugin(named.Type)
	if err != nil {
		return err
	}
	command := exec.Command(path)
	command.Stdin = bytes.NewReader(config)
	var answer bytes.Buffer
	command.Stdout = &answer
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		var told struct {
			Message string `json:"msg"`
			Details string `json:"details"`
		}
		if json.Unmarshal(answer.Bytes(), &told) == nil && told.Message != "" {
			return fmt.Errorf("%s: %s %s", named.Type, told.Message, told.Details)
		}
		return fmt.Errorf("%s: %w: %s", named.Type, err, answer.String())
	}
	_, err = stdout.Write(answer.Bytes())
	return err
}

func findPlugin(name string) (string, error) {
	if name == "" || filepath.Base(name) != name {
		return "", pluginError{codeBadConfig, fmt.Errorf("delegate type %q is no plugin name", name)}
	}
	for _, folder := range filepath.SplitList(os.Getenv("CNI_PATH")) {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", errors.New("plugin " + name + " is in none of CNI_PATH " + os.Getenv("CNI_PATH"))
}
