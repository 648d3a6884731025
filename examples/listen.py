from chromesthesia import Listener, load_pack, open_source

source, listener = open_source("demo", paced=False), Listener(load_pack())
while block := source.read():
    for heard in listener.hear(block.samples):
        print(f"{heard.frame.entered_s:6.2f} s  {heard.emotion.valence:+.2f} {heard.emotion.arousal:+.2f}")
