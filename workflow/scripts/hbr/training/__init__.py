"""Networks, augmentation, the dynamics recorder and the engine that trains one member."""
