"""Stories that run the real `intake` process against Debian's Dovecot and a real mail server."""
