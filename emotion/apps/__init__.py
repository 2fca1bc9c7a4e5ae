"""The applications: the command line, the webcam, the demo, the API and batch scoring."""
