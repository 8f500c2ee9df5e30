"""The lab streaming layer: what is on the network, inlets, outlets, and its clock."""
