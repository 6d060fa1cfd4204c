"""What a careful reviewer would ask of a result: whether its loading controls can be trusted."""

from blotquant.quality.controls import control_validity

__all__ = ["control_validity"]
