"""The commands of `intake`, by what they are for; each imports what is heavy when it runs."""
