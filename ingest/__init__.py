"""The conductor: command line, daemon, mailboxes, pipeline, outbox, schedule, clock and demo."""
