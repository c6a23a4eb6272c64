//! CausalCLIPSeg: an image and a sentence give the mask of what the sentence means
