"""From the archive to training, validation and test faces."""
