"""The napari plugin of blotquant: lanes corrected by hand. It comes with a later release."""
