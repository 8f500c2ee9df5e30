"""Packet codecs of wearables: bytes in, values out, no I/O."""
