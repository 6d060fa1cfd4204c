"""What a study hands out."""
