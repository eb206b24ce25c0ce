"""What all rows of an embedding store have in common, and the refusal of anything else."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from foretaste.core.artefact import fingerprint
from foretaste.core.errors import ArtefactError, ConfigError
from foretaste.text.encoders.base import Encoder

DTYPES = ("fp32", "fp16")


@dataclass(frozen=True)
class StoreSpec:
    """How the vectors of a store came about.

    Attributes:
        encoder: Name of the encoder, for people.
        encoder_fingerprint: Of everything in the encoder that a vector depends on.
        parameters: Of the encoder; 0 where nobody says.
        dim: Length of a vector.
        prompt_fingerprint: Of the declaration of the prompts.
        dtype: ``"fp32"`` or ``"fp16"``, the numbers on disk.
    """

    encoder: str
    encoder_fingerprint: str
    parameters: int
    dim: int
    prompt_fingerprint: str
    dtype: str = "fp32"

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ConfigError(f"a store cannot hold numbers of the type {self.dtype!r}", allowed=" or ".join(DTYPES))

    @classmethod
    def of(cls, encoder: Encoder, prompt_fingerprint: str, dtype: str = "fp32") -> StoreSpec:
        """The spec of what this encoder writes."""
        return cls(encoder.name, encoder.fingerprint, encoder.parameters, encoder.dim, prompt_fingerprint, dtype)

    @cached_property
    def fingerprint(self) -> str:
        """Of all that decides the numbers; names for people stay out."""
        return fingerprint([self.encoder_fingerprint, self.dim, self.prompt_fingerprint, self.dtype])

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any], *, where: Path) -> StoreSpec:
        """What :meth:`as_dict` gave.

        Raises:
            ArtefactError: If a value is missing.
        """
        names = [one.name for one in fields(cls)]
        missing = [name for name in names if name not in values]
        if missing:
            raise ArtefactError(
                f"the manifest of this store lacks {', '.join(missing)}",
                where=str(where),
                mend="encode into a new store",
            )
        return cls(**{name: values[name] for name in names})

    def refuse_other(self, other: StoreSpec, *, where: Path) -> None:
        """Raises unless ``other`` writes the numbers that a store of this spec holds.

        Raises:
            ArtefactError: Names each difference.
        """
        if self.fingerprint == other.fingerprint:
            return
        differences = []
        if self.encoder_fingerprint != other.encoder_fingerprint:
            same = " (of the same name, but with other weights or settings)" if self.encoder == other.encoder else ""
            differences.append(f"the encoder: {self.encoder} there, {other.encoder} now{same}")
        if self.dim != other.dim:
            differences.append(f"the dimension: {self.dim} there, {other.dim} now")
        if self.prompt_fingerprint != other.prompt_fingerprint:
            there, now = self.prompt_fingerprint[:8], other.prompt_fingerprint[:8]
            differences.append(f"the prompt's specification: {there} there, {now} now")
        if self.dtype != other.dtype:
            differences.append(f"the numbers: {self.dtype} there, {other.dtype} now")
        raise ArtefactError(
            "this embedding store was written with something else, and rows of two kinds do not go together",
            where=f"{where}; " + "; ".join(differences),
            allowed="the encoder, its settings and the prompt that the store was begun with",
            mend="give another folder for the store, or go back to the old settings",
        )
