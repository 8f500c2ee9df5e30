"""EmotiBit over the network: found, connected, its clock kept, its losses counted."""
