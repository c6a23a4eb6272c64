//! Segmentation scores of binary masks, with their conventions named
