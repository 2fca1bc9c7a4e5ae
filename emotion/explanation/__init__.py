"""Explanation: what predictions rest on (Grad-CAM), and how robust they are to corruptions."""
