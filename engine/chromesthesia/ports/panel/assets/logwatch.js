// What the show refuses it says in its log: new warnings are told to whoever is at the panel.

import { alertUser } from "./announce.js";

const EVERY_MS = 3000;
const SOON_MS = [250, 1200];
const LOUD = new Set(["WARNING", "ERROR", "CRITICAL"]);

export class LogWatch {
  lines = [];
  #newest = null;

  constructor(client, changed) {
    this.client = client;
    this.changed = changed;
    setInterval(() => { if (!document.hidden) this.look(); }, EVERY_MS);
  }

  /** Something was asked for that may be refused. */
  soon() {
    for (const pause of SOON_MS) setTimeout(() => this.look(), pause);
  }

  async look() {
    if (!this.client.live) return;
    try {
      this.lines = await this.client.json("log.json");
    } catch {
      return; // the connection itself is watched elsewhere
    }
    const last = this.lines.at(-1)?.time ?? 0;
    if (this.#newest !== null)
      for (const line of this.lines)
        if (line.time > this.#newest && LOUD.has(line.level)) alertUser(plain(line.text));
    this.#newest = last;
    this.changed();
  }
}

/** Without who asked: that is us. */
const plain = (text) => text.replace(/^osc:ws:\S+ /, "").replace(/^refused/, "Refused");
