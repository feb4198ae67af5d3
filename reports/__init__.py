"""Everything people read: letters, the staff desk, workbooks and statistics."""
