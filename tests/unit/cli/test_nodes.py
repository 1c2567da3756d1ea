from __future__ import annotations

import json
from pathlib import Path

from nuage_chain.cli.nodes import Node, on_node
from nuage_chain.cni.runtime import conflist
from nuage_chain.cni.runtime.conflist import Network

NODE = Node(Path("/n/config.yaml"), Path("/n/bin"), Path("/n/cni"))


def network(**ours: str) -> Network:
    plugins = [{"type": "bridge"}, {"type": "nuage-chain", **ours}, {"type": "tuning"}]
    whole = {"cniVersion": "1.0.0", "name": "nuage", "plugins": plugins}
    return conflist.parse(json.dumps(whole).encode(), Path("/x/10-nuage.conflist"))


def test_on_a_node_our_entry_reads_that_nodes_configuration_and_the_others_stay_as_they_are() -> None:
    [made] = on_node([network()], NODE)
    expected = [{"type": "bridge"}, {"type": "nuage-chain", "configFile": "/n/config.yaml"}, {"type": "tuning"}]
    assert [plugin.config for plugin in made.plugins] == expected
    assert json.loads(made.raw)["plugins"] == expected, "what is cached for a DEL by somebody else says it too"


def test_a_list_that_names_a_configuration_of_its_own_keeps_it() -> None:
    [made] = on_node([network(configFile="/etc/other.yaml")], NODE)
    assert made.plugins[1].config["configFile"] == "/etc/other.yaml"
