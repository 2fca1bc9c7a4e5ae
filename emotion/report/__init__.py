"""One page and one model card, made of what the stages wrote."""
