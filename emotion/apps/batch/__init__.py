"""Batch scoring of very many pictures, from and to Parquet (Ray Data)."""
