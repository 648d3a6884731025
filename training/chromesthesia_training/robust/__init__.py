"""Does an encoder hold in a real room? Spoiled voices, sounds that feel nothing, changes of emotion, the plane."""
