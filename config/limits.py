"""Bounds for untrusted input; apart from the other settings, so that a child starts fast."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, PositiveInt


class Limits(BaseModel):
    """Bounds for one mail and for one document; bytes and seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message_bytes: PositiveInt = 104_857_600
    unpacked_bytes: PositiveInt = 1_073_741_824
    unpacked_files: PositiveInt = 2000
    unpack_ratio: PositiveInt = 200
    unpack_depth: PositiveInt = 5
    document_seconds: PositiveInt = 60
    document_memory: PositiveInt = 1_073_741_824
