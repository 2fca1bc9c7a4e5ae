"""What everything else stands on: labels, params, errors, files, faces and predictions."""
