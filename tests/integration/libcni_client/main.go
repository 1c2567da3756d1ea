// A container runtime in a few lines over the reference library, for tests that hold ours against it.
//
// The request is one JSON object on standard input; the result of `add` and of `result` is printed.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/containernetworking/cni/libcni"
)

type request struct {
	Command      string
	ConfDir      string
	Network      string
	PluginDirs   []string
	CacheDir     string
	ContainerID  string
	NetNS        string
	IfName       string
	Args         [][2]string
	Capabilities map[string]interface{}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var asked request
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return err
	}
	list, err := libcni.LoadConfList(asked.ConfDir, asked.Network)
	if err != nil {
		return err
	}
	result, err := call(list, asked)
	if err != nil || result == nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

func call(list *libcni.NetworkConfigList, asked request) (interface{}, error) {
	ctx := context.Background()
	cni := libcni.NewCNIConfigWithCacheDir(asked.PluginDirs, asked.CacheDir, nil)
	attachment := &libcni.RuntimeConf{
		ContainerID:    asked.ContainerID,
		NetNS:          asked.NetNS,
		IfName:         asked.IfName,
		Args:           asked.Args,
		CapabilityArgs: asked.Capabilities,
	}
	switch asked.Command {
	case "add":
		return cni.AddNetworkList(ctx, list, attachment)
	case "check":
		return nil, cni.CheckNetworkList(ctx, list, attachment)
	case "del":
		return nil, cni.DelNetworkList(ctx, list, attachment)
	case "result":
		return cni.GetNetworkListCachedResult(list, attachment)
	}
	return nil, fmt.Errorf("unknown command %q", asked.Command)
}
