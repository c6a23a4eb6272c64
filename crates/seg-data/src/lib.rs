//! Published folder layouts and manifests of text-guided segmentation sets
