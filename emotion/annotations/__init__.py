"""FER+: what ten annotators said of each face of FER-2013."""
