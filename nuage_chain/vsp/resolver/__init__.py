"""The stand-in for VRS and VSC: sees the rows of the switch's database, asks VSD, binds the ports in OVN."""
