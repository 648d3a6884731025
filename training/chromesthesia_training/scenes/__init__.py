"""Sound made by script: what rooms, noises, music and microphones do to a voice, and things that feel nothing."""
