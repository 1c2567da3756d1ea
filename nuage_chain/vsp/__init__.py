"""The embedded VSP: a VSD server, a VRS and VSC stand-in on stock Open vSwitch, OVN as its engine."""
