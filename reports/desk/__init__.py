"""The staff desk 工作台: web pages on which staff see everything and decide what waits."""
