"""The napari plugin of blotquant: lanes and bands corrected by hand, measured while you drag."""
