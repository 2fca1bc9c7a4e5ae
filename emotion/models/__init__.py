"""The networks, one self-contained file each."""
