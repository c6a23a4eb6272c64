//! Trains CausalCLIPSeg as a game of two players
