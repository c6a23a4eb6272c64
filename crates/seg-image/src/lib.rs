//! Image files to 8-bit RGB, masks and overlays to image files
