"""The room's lamps as a port: colours and levels over sACN and Art-Net, never flashing faster than the picture."""
