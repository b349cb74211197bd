"""Fast-flux tracking and passive DNS in the store: one file a noun, `flux.py` is what others see."""
