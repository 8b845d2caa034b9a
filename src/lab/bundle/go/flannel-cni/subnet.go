package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// subnet is what flanneld says about this node.
type subnet struct {
	// networks are the whole cluster's, reached through the bridge.
	networks []net.IPNet
	// pools are this node's own share of them.
	pools  []net.IPNet
	mtu    int
	ipMasq bool
}

func readSubnet(path string) (subnet, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return subnet{}, err
	}
	return parseSubnet(string(text))
}

// parseSubnet reads the KEY=VALUE lines of subnet.env. FLANNEL_SUBNET is the bridge's own address (10.244.0.1/24): the host bits are
// masked away, since host-local wants a network. FLANNEL_NETWORK may list several, joined by commas.
func parseSubnet(text string) (subnet, error) {
	found := subnet{ipMasq: true}
	for _, line := range strings.Split(text, "\n") {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		var err error
		switch key {
		case "FLANNEL_NETWORK", "FLANNEL_IPV6_NETWORK":
			found.networks, err = appendNetworks(found.networks, value)
		case "FLANNEL_SUBNET", "FLANNEL_IPV6_SUBNET":
			found.pools, err = appendNetworks(found.pools, value)
		case "FLANNEL_MTU":
			found.mtu, err = strconv.Atoi(value)
		case "FLANNEL_IPMASQ":
			found.ipMasq, err = strconv.ParseBool(value)
		}
		if err != nil {
			return subnet{}, fmt.Errorf("%s=%s: %w", key, value, err)
		}
	}
	if len(found.pools) == 0 || len(found.networks) == 0 {
		return subnet{}, fmt.Errorf("FLANNEL_NETWORK or FLANNEL_SUBNET is missing")
	}
	return found, nil
}

func appendNetworks(list []net.IPNet, value string) ([]net.IPNet, error) {
	for _, word := range strings.Split(value, ",") {
		_, network, err := net.ParseCIDR(word)
		if err != nil {
			return nil, err
		}
		list = append(list, *network)
	}
	return list, nil
}
