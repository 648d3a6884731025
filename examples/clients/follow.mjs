// A whole client for Node, without packages: subscribes over UDP, moves one thing, and prints what is heard.
//
//     node follow.mjs                         what changes, as it changes
//     node follow.mjs /look/flow/amount 0.8   set this first
//     HOST=127.0.0.1 PORT=9000 COUNT=10 ONLY=/look/ node follow.mjs
import dgram from "node:dgram";

const host = process.env.HOST ?? "127.0.0.1";
const port = Number(process.env.PORT ?? 9000);
const count = Number(process.env.COUNT ?? Infinity);
const only = process.env.ONLY ?? "/emotion/";
const SUBSCRIBED_MS = 60_000; // how long the engine tells us; ask again at half of it

// OSC's texts end in one zero at least and fill up to four bytes.
function text(words) {
  const bytes = Buffer.from(words, "utf8");
  return Buffer.concat([bytes, Buffer.alloc(4 - (bytes.length % 4))]);
}

export function encode(address, ...values) {
  const numbers = values.map((value) => (typeof value === "string" ? text(value) : float(value)));
  const tags = values.map((value) => (typeof value === "string" ? "s" : "f")).join("");
  return Buffer.concat([text(address), text(`,${tags}`), ...numbers]);
}

function float(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return bytes;
}

// A packet is one message, or a bundle of packets with the length before each.
export function* decode(packet) {
  if (packet.toString("latin1", 0, 8) === "#bundle\0") {
    for (let at = 16; at < packet.length; ) {
      const length = packet.readInt32BE(at);
      yield* decode(packet.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    return;
  }
  let at = 0;
  const take = () => {
    const end = packet.indexOf(0, at);
    const words = packet.toString("utf8", at, end);
    at = end + 4 - (end % 4);
    return words;
  };
  const address = take();
  const values = [...take().slice(1)].map((tag) => {
    if (tag === "s") return take();
    at += 4;
    return tag === "f" ? packet.readFloatBE(at - 4) : packet.readInt32BE(at - 4);
  });
  yield [address, ...values];
}

const socket = dgram.createSocket("udp4");
const send = (...message) => socket.send(encode(...message), port, host);
let heard = 0;
let renewing;

function end() {
  clearInterval(renewing);
  socket.send(encode("/osc/unsubscribe"), port, host, () => socket.close());
}

socket.on("message", (packet) => {
  for (const message of decode(packet)) {
    if (heard >= count || !message[0].startsWith(only)) continue;
    console.log(...message);
    heard += 1;
    if (heard >= count) end();
  }
});
socket.bind(0, () => {
  send("/osc/subscribe");
  renewing = setInterval(() => send("/osc/subscribe"), SUBSCRIBED_MS / 2);
  const [address, ...values] = process.argv.slice(2);
  if (address) send(address, ...values.map((value) => (Number.isNaN(Number(value)) ? value : Number(value))));
});
process.once("SIGINT", end);
