"""Models: the one-method protocol, the bundled SAIL-VL2, and the engines that reach others."""
