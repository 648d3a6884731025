// The OSCQuery client: the tree over HTTP, values and messages over one WebSocket.
//
// Nothing waits to be sent while the connection is down: what could not be sent at once is forgotten, because a value
// from before the gap is not what the hand means after it.

import { decode, encode } from "./osc.js";
import { flatten } from "./tree.js";

const QUIET_MS = 3000; // after so long without a word the server is asked whether it is there
const ANSWER_MS = 3000;
const PAUSES_MS = [500, 1000, 2000, 4000];
const CROSSED_MS = 400; // what comes so soon after a write of our own may have been on its way before it
const FULL_BYTES = 32_768; // more than this waiting in the browser: send only the newest later
const NO_PROMPT = { "X-Requested-With": "panel" }; // the panel asks for a token itself, not by a window of the browser
const EVENTS = new Set(["PATH_ADDED", "PATH_REMOVED", "PATH_RENAMED", "PATH_CHANGED"]);

/** Events: `state` (see `state`), `tree` when nodes came, went or changed. */
export class Client extends EventTarget {
  /** "connecting", "live", "lost" or "locked" (the server asks for a token that we do not have). */
  state = "connecting";
  nodes = new Map();
  values = new Map();
  /** Grows with every connection: what a hand began before belongs to another one. */
  epoch = 0;
  retryAt = 0;
  #socket = null;
  #watchers = new Map();
  #listening = new Set();
  #pending = new Map();
  #scheduled = false;
  #failures = 0;
  #heardAt = 0;
  #written = new Map();
  #crossed = new Set();
  #reload = 0;

  constructor(origin = location.origin) {
    super();
    this.origin = origin;
    setInterval(() => this.#check(), 1000);
  }

  get live() { return this.state === "live"; }

  /** Connect, now; also called again by itself after a loss. */
  async connect() {
    clearTimeout(this.timer);
    const epoch = ++this.epoch;
    try {
      await this.#readTree();
      if (epoch !== this.epoch) return;
      const socket = new WebSocket(`${this.origin.replace(/^http/, "ws")}/?bundle`);
      socket.binaryType = "arraybuffer";
      this.#socket = socket;
      socket.onopen = () => this.#opened();
      socket.onmessage = (message) => this.#heard(message.data);
      socket.onclose = () => { if (socket === this.#socket) this.#lost(); };
    } catch (error) {
      if (epoch !== this.epoch) return;
      if (error instanceof Locked) this.#become("locked");
      this.#lost();
    }
  }

  /** Calls `take(value)` now, if there is a value, and whenever it changes; returns what ends that. */
  watch(path, take) {
    if (!this.#watchers.has(path)) this.#watchers.set(path, new Set());
    this.#watchers.get(path).add(take);
    if (this.values.has(path)) take(this.values.get(path));
    return () => this.#watchers.get(path)?.delete(take);
  }

  /** Set a parameter; the newest of several in one frame is sent. False when it cannot be: nothing is kept for later. */
  set(path, value, epoch = this.epoch) {
    const node = this.nodes.get(path);
    if (!this.live || epoch !== this.epoch || !node) return false;
    this.#pending.set(path, encode(path, node.types, [value]));
    this.#written.set(path, performance.now());
    this.#take(path, value);
    if (!this.#scheduled) {
      this.#scheduled = true;
      requestAnimationFrame(() => this.#flush());
      setTimeout(() => this.#flush(), 50); // a page in the background gets no frames
    }
    return true;
  }

  /** Do an action with arguments of the types it declares; false when it cannot be done. */
  act(path, ...values) {
    const node = this.nodes.get(path);
    if (!this.live || !node) return false;
    this.#flush(true); // what was set before it comes before it
    this.#socket.send(encode(path, node.types, values));
    return true;
  }

  /** JSON of one of the panel's own lists; throws when there is none. */
  async json(name) {
    const answer = await fetch(name, { cache: "no-store", headers: NO_PROMPT, signal: AbortSignal.timeout(ANSWER_MS) });
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    return answer.json();
  }

  async #readTree() {
    const answer = await fetch(`${this.origin}/`, { cache: "no-store", headers: NO_PROMPT, signal: AbortSignal.timeout(2 * ANSWER_MS) });
    if (answer.status === 401) throw new Locked();
    if (!answer.ok) throw new Error(`the tree: ${answer.status}`);
    this.nodes = flatten(await answer.json());
    for (const path of this.values.keys()) if (!this.nodes.has(path)) this.values.delete(path);
    for (const node of this.nodes.values()) if (node.value !== null) this.#take(node.path, node.value);
  }

  #opened() {
    this.#failures = 0;
    this.#heardAt = performance.now();
    this.#pending.clear();
    this.#written.clear();
    this.#crossed.clear();
    this.#listening.clear();
    this.#listen();
    this.#become("live");
    this.dispatchEvent(new Event("tree"));
  }

  #listen() {
    for (const node of this.nodes.values()) {
      if (!node.readable || node.tags.includes("twin") || this.#listening.has(node.path)) continue;
      this.#listening.add(node.path);
      this.#socket.send(JSON.stringify({ COMMAND: "LISTEN", DATA: node.path }));
    }
  }

  #heard(data) {
    this.#heardAt = performance.now();
    if (typeof data === "string") {
      if (EVENTS.has(JSON.parse(data).COMMAND)) this.#treeChanged();
      return;
    }
    try {
      decode(data, (address, values) => this.#told(address, values[0]));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      console.warn(`a packet was not read: ${error.message}`);
    }
  }

  /** Two hands at once: after a write of ours the server is asked what holds, once ours has arrived. */
  #told(path, value) {
    if (performance.now() - (this.#written.get(path) ?? -Infinity) >= CROSSED_MS) this.#take(path, value);
    else if (!this.#crossed.has(path)) {
      this.#crossed.add(path);
      setTimeout(() => this.#settle(path), CROSSED_MS);
    }
  }

  #settle(path) {
    if (!this.#crossed.has(path) || !this.live) return;
    if (performance.now() - this.#written.get(path) < CROSSED_MS) {
      setTimeout(() => this.#settle(path), CROSSED_MS);
      return;
    }
    this.#crossed.delete(path);
    for (const COMMAND of ["IGNORE", "LISTEN"]) this.#socket.send(JSON.stringify({ COMMAND, DATA: path }));
  }

  #take(path, value) {
    this.values.set(path, value);
    for (const take of this.#watchers.get(path) ?? []) take(value);
  }

  #treeChanged() {
    clearTimeout(this.#reload);
    const epoch = this.epoch;
    this.#reload = setTimeout(async () => {
      try {
        await this.#readTree();
      } catch {
        if (epoch === this.epoch) this.#socket?.close();
        return;
      }
      if (epoch !== this.epoch || !this.live) return;
      for (const path of this.#listening) if (!this.nodes.has(path)) this.#listening.delete(path);
      this.#listen();
      this.dispatchEvent(new Event("tree"));
    }, 150);
  }

  /** Send what waits; unless `now`, only while not too much of it waits in the browser already. */
  #flush(now = false) {
    this.#scheduled = false;
    if (!this.live) { this.#pending.clear(); return; }
    if (!now && this.#socket.bufferedAmount > FULL_BYTES) {
      this.#scheduled = true;
      setTimeout(() => this.#flush(), 100);
      return;
    }
    for (const packet of this.#pending.values()) this.#socket.send(packet);
    this.#pending.clear();
  }

  /** A dead network closes no socket: ask when it has been quiet. */
  async #check() {
    if (!this.live || performance.now() - this.#heardAt < QUIET_MS || this.asking) return;
    this.asking = true;
    const epoch = this.epoch;
    try {
      await fetch(`${this.origin}/?HOST_INFO`, { cache: "no-store", headers: NO_PROMPT, signal: AbortSignal.timeout(ANSWER_MS) });
      this.#heardAt = performance.now();
    } catch {
      if (epoch === this.epoch) this.#lost();
    } finally {
      this.asking = false;
    }
  }

  #lost() {
    const socket = this.#socket;
    this.#socket = null;
    this.#pending.clear();
    this.epoch += 1;
    socket?.close();
    const pause = PAUSES_MS[Math.min(this.#failures++, PAUSES_MS.length - 1)];
    this.retryAt = performance.now() + pause;
    if (this.state !== "locked") this.#become("lost");
    this.timer = setTimeout(() => this.connect(), pause);
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}

class Locked extends Error {}
