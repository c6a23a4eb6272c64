//! CLIP's image and text towers, tokenizer and preprocessing
