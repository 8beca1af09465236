"""The article's two experiments on drawn faces."""
