"""Where a network looks, and what its answers survive."""
