"""Pictures from Kaggle, a zip, a CSV or a folder, as one archive."""
