// OSC packets to and from bytes: as much of OSC 1.0 as an OSCQuery server and its panel say to each other.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const padded = (length) => (length + 4) & ~3;

/** The bytes of one message; `tags` gives a type for each argument: f, i, s, T (true or false), N. */
export function encode(address, tags, values) {
  const texts = [encoder.encode(address)];
  let types = ",";
  values.forEach((value, at) => {
    const tag = tags[at];
    types += tag === "T" || tag === "F" ? (value ? "T" : "F") : tag;
    texts.push(tag === "s" ? encoder.encode(String(value)) : null);
  });
  texts.splice(1, 0, encoder.encode(types));
  let size = 0;
  texts.forEach((text, at) => { size += text ? padded(text.length) : "fi".includes(tags[at - 2]) ? 4 : 0; });
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let place = 0;
  texts.forEach((text, at) => {
    if (text) {
      bytes.set(text, place);
      place += padded(text.length);
    } else if (tags[at - 2] === "f") {
      view.setFloat32(place, values[at - 2]);
      place += 4;
    } else if (tags[at - 2] === "i") {
      view.setInt32(place, Math.round(values[at - 2]));
      place += 4;
    }
  });
  return bytes;
}

/** Calls `take(address, arguments)` for each message in `buffer`, an ArrayBuffer; throws RangeError for other bytes. */
export function decode(buffer, take, from = 0, to = buffer.byteLength) {
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  let place = from;
  const text = () => {
    const end = bytes.indexOf(0, place);
    if (end < 0 || end >= to) throw new RangeError("a text in an OSC packet has no end");
    const found = decoder.decode(bytes.subarray(place, end));
    place += padded(end - place);
    return found;
  };
  const address = text();
  if (address === "#bundle") {
    place += 8; // the time tag: what is told is true now
    while (place < to) {
      const size = view.getInt32(place);
      if (size <= 0 || place + 4 + size > to) throw new RangeError("a bundle is cut off");
      decode(buffer, take, place + 4, place + 4 + size);
      place += 4 + size;
    }
    return;
  }
  const tags = text();
  const values = [];
  for (const tag of tags.slice(1)) {
    if (tag === "f") { values.push(view.getFloat32(place)); place += 4; }
    else if (tag === "i") { values.push(view.getInt32(place)); place += 4; }
    else if (tag === "s") values.push(text());
    else if (tag === "T" || tag === "F") values.push(tag === "T");
    else values.push(null);
  }
  take(address, values);
}
