"""One script per stage of dvc.yaml: load params, call the library, write outputs."""
