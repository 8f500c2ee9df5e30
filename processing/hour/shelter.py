"""One failing metric never takes the others with it: its failure becomes its reason, and is named."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from acquisition.errors import AttunementError
from processing.hour.measure import Definition, Measure, nothing

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shelter:
    """Try what may fail, and keep in words what did.

    Parameters
    ----------
    faults : list of str
        What failed, one line each.
    """

    faults: list[str] = field(default_factory=list)

    def tried(self, what: str, act: Callable[[], T], otherwise: T) -> T:
        """Return what `act` gives, else `otherwise`; `what` names it.

        Raises
        ------
        AttunementError
            What `act` says to the user, such as what is not installed.
        """
        try:
            return act()
        except AttunementError:
            raise
        except Exception as error:  # a fault of ours, or of a value nobody thought of
            logger.exception("%s failed", what)
            self.faults.append(f"{what}: {why(error)}")
            return otherwise

    def measures(
        self, definitions: Iterable[Definition], entity: str, act: Callable[[], Sequence[Measure]]
    ) -> list[Measure]:
        """Return one entity's measures of some definitions; without a value where they cannot be computed."""
        mine = [d for d in definitions if (d.whose == "dyad") == (entity == "dyad")]
        try:
            return list(act())
        except Exception as error:  # as in `tried`
            return self._without(mine, entity, error)

    def by_entity(
        self,
        definitions: Iterable[Definition],
        entities: Sequence[str],
        act: Callable[[], Mapping[str, Sequence[Measure]]],
    ) -> Mapping[str, Sequence[Measure]]:
        """Return entity → measures, likewise."""
        listed = list(definitions)
        try:
            return act()
        except Exception as error:  # as in `tried`
            return {
                e: self._without([d for d in listed if (d.whose == "dyad") == (e == "dyad")], e, error)
                for e in entities
            }

    def _without(self, definitions: Sequence[Definition], entity: str, error: Exception) -> list[Measure]:
        names = [re.sub(r"\{\w+\}", "any", d.name) for d in definitions]
        logger.exception("%s: %s failed", entity, ", ".join(names))
        self.faults.append(f"{entity}: {', '.join(names)}: {why(error)}")
        plain = [replace(d, name=name) for d, name in zip(definitions, names, strict=True)]
        return nothing(plain, why(error))


def why(error: Exception) -> str:
    """Return the reason of a value that could not be computed."""
    return f"could not be computed ({type(error).__name__}: {error})"[:300]
