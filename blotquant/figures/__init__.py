"""Pictures of results: overlays on the blot, profiles with their baselines, charts."""

from blotquant.figures.overlay import overlay_png

__all__ = ["overlay_png"]
