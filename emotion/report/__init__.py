"""The report page and the model card, made from the files of the stages."""
