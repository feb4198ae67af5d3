"""Sample dossiers, mails and paper registers of invented applicants, for the demo and tests."""
