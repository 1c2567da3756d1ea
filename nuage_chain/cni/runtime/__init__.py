"""The runtime side of CNI: loads network configurations, runs the plugins of a list, keeps libcni's result cache."""
