"""The engine: what VSD wants, carried into OVN's northbound database."""
