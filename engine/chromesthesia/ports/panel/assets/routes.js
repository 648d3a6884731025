// The routes in use, and the signals they may start from; both as the server tells them.

import { label } from "./tree.js";

/** Event: `change`. */
export class Routes extends EventTarget {
  list = [];
  signals = new Map();

  constructor(client, history) {
    super();
    this.history = history;
    this.client = client;
    client.watch("/status/routes", () => this.read());
    client.watch("/status/preset", () => this.read());
  }

  /** Look again. */
  async read() {
    if (!this.client.live) return;
    try {
      const [routes, signals] = await Promise.all([this.client.json("routes.json"), this.client.json("signals.json")]);
      this.list = routes;
      this.signals = new Map(signals.map((signal) => [signal.name, signal]));
      for (const signal of signals) this.history.of(signal.address); // so that a trace has a past when it is shown
      this.dispatchEvent(new Event("change"));
    } catch { /* it is asked again when the connection is back */ }
  }

  /** A signal in a few words: `features/band/1` is "Band 1", `musician/2/band/1` "Musician 2, band 1". */
  short(name) {
    const player = /^musician\/(\d+)\/(.+)$/.exec(name);
    if (player) return `Musician ${player[1]}, ${this.short(player[2]).toLowerCase()}`;
    const parts = name.split("/");
    return /^\d+$/.test(parts.at(-1)) ? `${label(`/${parts.at(-2)}`)} ${parts.at(-1)}` : label(`/${name}`);
  }
}
