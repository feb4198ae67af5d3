"""What we hold and how it is judged: tables, originals, the one writer, the reads."""
