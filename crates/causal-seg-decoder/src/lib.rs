//! The cross-modal decoder and causal intervention of CausalCLIPSeg
