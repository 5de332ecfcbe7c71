"""The networks' weights: who offers them, how they are fetched, and in which formats."""
