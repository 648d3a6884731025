// Device, health and log.

import { h, kept, keep } from "./dom.js";

const EVERY_MS = 1000;
const GOOD = new Set(["beats", "waits"]);
const WORDS = { ok: "All is well.", degraded: "It goes on with less:", failing: "It fails:" };
const part = (share) => (share == null ? "not told here" : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`);

export function roomPage(app) {
  const { client } = app;
  const device = h("dl", { class: "pairs wide" }), loops = h("ul", { class: "loops" }), counts = h("div", { class: "counts" });
  const readings = h("dl", { class: "pairs wide" });
  const verdict = h("p", { class: "verdict", role: "status" }), sound = h("dl", { class: "pairs wide" }), host = h("dl", { class: "pairs wide" });
  const log = h("ol", { class: "log", tabindex: "0", "aria-label": "Log, newest last" });
  const loud = h("button", { type: "button", class: "toggle", "aria-pressed": kept("loud", "false"), onclick: () => {
    loud.setAttribute("aria-pressed", String(loud.getAttribute("aria-pressed") !== "true"));
    keep("loud", loud.getAttribute("aria-pressed"));
    lines();
  } }, "Warnings only");
  const element = h("div", { class: "room" },
    h("div", { class: "side" },
      h("section", { class: "card", "aria-labelledby": "t-device" }, h("h2", { id: "t-device" }, "Show"), device),
      h("section", { class: "card", "aria-labelledby": "t-sound-in" }, h("h2", { id: "t-sound-in" }, "Sound that comes in"), sound),
      h("section", { class: "card", "aria-labelledby": "t-host" }, h("h2", { id: "t-host" }, "This machine"), host),
      h("section", { class: "card logs", "aria-labelledby": "t-log" }, h("div", { class: "top" }, h("h2", { id: "t-log" }, "Log"), loud), log)),
    h("div", { class: "side" },
      h("section", { class: "card loops-card", "aria-labelledby": "t-loops" }, h("h2", { id: "t-loops" }, "Health"), verdict, loops, readings),
      h("section", { class: "card all-counts", "aria-labelledby": "t-counts" }, h("h2", { id: "t-counts" }, "Counts"), counts)));
  let timer = 0;
  let offs = [];

  const pair = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  async function read() {
    if (!client.live || document.hidden) return;
    let health;
    try { health = await client.json("health.json"); } catch { return; }
    const elapsed = Math.floor(health.elapsed_s ?? 0);
    device.replaceChildren(pair("Sound from", health.source ?? "–"), pair("Pack", health.pack ?? "–"), pair("Preset", health.preset ?? "–"),
      pair("Picture", (health.size ?? []).join(" × ") || "–"), pair("Flash limiter", health.flash_limiter === false ? "off" : "on"),
      pair("Running", `${Math.floor(elapsed / 3600)}:${String(Math.floor(elapsed / 60) % 60).padStart(2, "0")}:${String(elapsed % 60).padStart(2, "0")}`));
    if (health.message) device.append(pair("Says", health.message));
    tell(health);
    loops.replaceChildren(...Object.entries(health.loops ?? {}).map(([name, loop]) =>
      h("li", { class: GOOD.has(loop.state) ? "good" : "bad" }, h("span", { class: "dot", "aria-hidden": "true" }), h("strong", {}, name), ` ${loop.state}`,
        loop.failures ? h("span", { class: "failures" }, `${loop.failures} failed`) : null)));
    counts.replaceChildren(...Object.entries(health.counts ?? {}).filter(([, each]) => Object.keys(each).length).map(([name, each]) =>
      h("div", { class: "count" }, h("h3", {}, name), h("dl", {}, Object.entries(each).map(([key, value]) => pair(key.replaceAll("_", " "), String(value)))))));
  }

  function tell({ health = {}, sound: heard = {}, host: machine = {}, rung, counts: all = {} }) {
    const state = health.state ?? "ok", reasons = health.reasons ?? [];
    if (verdict.dataset.state !== state || verdict.dataset.why !== reasons.join()) {
      Object.assign(verdict.dataset, { state, why: reasons.join() });
      verdict.replaceChildren(h("strong", {}, WORDS[state] ?? state), reasons.length ? ` ${reasons.join("; ")}` : "");
    }
    const late = all.late ?? {}, ladder = all.ladder ?? {};
    sound.replaceChildren(pair("Clipped", heard.clipped ? `${heard.clipped} samples` : "never"), pair("No numbers", heard.nan ? `${heard.nan} samples` : "none"),
      pair("DC offset", part(Math.abs(heard.dc ?? 0))), pair("Dead for", `${Math.round(heard.silent_s ?? 0)} s`),
      pair("Clock against the picture's", heard.drift_ppm == null ? "not known yet" : `${heard.drift_ppm.toFixed(1).replace("-", "−")} ppm`));
    host.replaceChildren(pair("Rung", (rung ?? "full").replaceAll("_", " ")), pair("Steps down, up", `${ladder.down ?? 0}, ${ladder.up ?? 0}`),
      pair("Late frames: ours", String(late.ours ?? 0)), pair("the machine's", String(late.host ?? 0)), pair("others in the way", String(late.crowded ?? 0)),
      pair("Processors in use", part(machine.busy)), pair("Stolen", part(machine.steal)), pair("Held back", part(machine.throttled)));
  }

  function lines() {
    const only = loud.getAttribute("aria-pressed") === "true";
    const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
    log.replaceChildren(...app.log.lines.filter((line) => !only || line.level !== "INFO").map((line) =>
      h("li", { class: line.level.toLowerCase() }, h("time", {}, new Date(line.time * 1000).toLocaleTimeString([], { hour12: false })), h("span", { class: "level" }, line.level.toLowerCase()), h("span", {}, line.text))));
    if (!log.children.length) log.append(h("li", { class: "none" }, "Nothing yet."));
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  function build() {
    for (const off of offs) off();
    offs = [];
    readings.replaceChildren();
    for (const node of client.nodes.values()) {
      if (node.group !== "/status" || !node.reading || node.kind === "text") continue;
      const value = h("dd", {}, "–");
      readings.append(h("div", { title: node.text }, h("dt", {}, node.label), value));
      offs.push(client.watch(node.path, (now) => { value.textContent = `${node.kind === "float" ? now.toFixed(1) : now}${node.unit ? ` ${node.unit}` : ""}`; }));
    }
    read();
  }
  return {
    id: "room", title: "Health", element, tree: build, log: lines,
    shown: () => { read(); lines(); log.scrollTop = log.scrollHeight; timer = setInterval(read, EVERY_MS); },
    hidden: () => clearInterval(timer),
  };
}
