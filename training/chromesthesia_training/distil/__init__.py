"""The streaming encoder, taught by the best offline one."""
