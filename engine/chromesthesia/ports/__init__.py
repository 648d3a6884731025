"""The ways for other programs and people to steer a show and to hear of it; OSC is the first."""
