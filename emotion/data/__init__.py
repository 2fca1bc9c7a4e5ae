"""A face before it is learnt from."""
