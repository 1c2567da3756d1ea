"""VRS through its OVSDB: one connection, the rows, attach and detach each as one transaction."""
