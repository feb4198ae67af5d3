"""Mails labelled by hand: whether a person wrote them, or a machine that must not be answered."""
