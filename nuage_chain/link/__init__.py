"""The kernel: network namespaces, the veth pair, addresses, offload, announcements."""
