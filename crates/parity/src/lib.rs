//! Golden vectors: weights by rule, stages, tolerances (unpublished)
