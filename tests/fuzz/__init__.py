"""Fuzzing, as `make fuzz`: bytes that nobody thought of, against the readers and the desk.

`python -m tests.fuzz` divides its time among the readers of mails, of archives and documents
(coverage-guided, `readers`) and the desk's HTTP interface, from its OpenAPI description
(`desk`). What is found stays in `fuzz-findings` and becomes a test.
"""
