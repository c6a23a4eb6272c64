//! Weights from safetensors and PyTorch files, read as input from strangers
