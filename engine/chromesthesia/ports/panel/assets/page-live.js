// The page for the show itself: the picture, the emotion, what is heard, and the few things a hand wants then.

import { animate, drawBars, drawPlane } from "./drawing.js";
import { cuesCard } from "./cues.js";
import { h } from "./dom.js";
import { performerCard } from "./performer.js";
import { row } from "./widgets.js";

const MASTERS = ["/master/brightness", "/audio/gain_db", "/master/freeze", "/hud/visible"];
const BY_HAND = ["/emotion/manual_valence", "/emotion/manual_arousal"];
const MANUAL = "/emotion/manual";

export function livePage(app) {
  const { client, picture, history } = app;
  const preview = h("canvas", { class: "preview", id: "preview", width: 480, height: 270, role: "img", "aria-label": "The picture now" });
  const plane = h("canvas", { class: "plane", role: "img", "aria-label": "Emotion: valence to the right, arousal upwards" });
  const words = h("p", { class: "reading" });
  const feelings = h("div", { class: "levels" });
  const bars = h("canvas", { class: "bars", role: "img", "aria-label": "Levels of the bands, low to high" });
  const level = meter("Level"), lights = h("div", { class: "lights" }), figures = h("dl", { class: "pairs" });
  const masters = h("div", { class: "rows" }), hand = h("div", { class: "rows two" });
  const byHand = h("button", { type: "button", class: "toggle", "aria-pressed": "false", onclick: takeOver }, "Emotion by hand");
  const cues = cuesCard(app), performer = performerCard(app);
  const element = h("div", { class: "live" },
    h("div", { class: "side" }, h("section", { class: "card picture", "aria-label": "Picture" }, preview,
      h("div", { class: "buttons" },
        button("‹", "Previous preset", () => app.act("/preset/previous")), h("p", { class: "preset-name", id: "preset-name" }),
        button("›", "Next preset", () => app.act("/preset/next")), h("button", { type: "button", onclick: () => app.act("/scene/next") }, "Next scene"))),
    cues.element,
    h("section", { class: "card sound", "aria-labelledby": "t-sound" }, h("h2", { id: "t-sound" }, "Sound"), lights, level.element, bars, figures),
    performer.element),
    h("div", { class: "side" }, h("section", { class: "card emotion", "aria-labelledby": "t-emotion" }, h("div", { class: "top" }, h("h2", { id: "t-emotion" }, "Emotion"), byHand), plane, words, feelings, hand),
    h("section", { class: "card hands", "aria-labelledby": "t-room" }, h("h2", { id: "t-room" }, "Room"), masters)));
  let offs = [];
  let manual = 0;

  function takeOver() {
    if (manual < 0.5) for (const path of BY_HAND) client.set(path, client.values.get(path.replace("manual_", "")) ?? 0);
    client.set(MANUAL, manual < 0.5 ? 1 : 0);
  }
  const lead = (event) => {
    if (manual < 0.5 || lead.epoch !== client.epoch) return;
    const box = plane.getBoundingClientRect(), half = Math.min(box.width, box.height) / 2 - 26;
    const held = (value) => Math.min(1, Math.max(-1, value / half));
    client.set(BY_HAND[0], held(event.clientX - box.left - box.width / 2), lead.epoch);
    client.set(BY_HAND[1], held(box.top + box.height / 2 - event.clientY), lead.epoch);
  };
  plane.addEventListener("pointerdown", (event) => { plane.setPointerCapture(event.pointerId); lead.epoch = client.epoch; lead(event); });
  plane.addEventListener("pointermove", (event) => { if (event.buttons) lead(event); });

  function build() {
    for (const off of offs) off();
    offs = [];
    cues.read();
    performer.tree();
    for (const part of [feelings, hand, masters, lights, figures]) part.replaceChildren();
    const watch = (path, take) => { if (client.nodes.has(path)) offs.push(client.watch(path, take)); };
    for (const [paths, into] of [[MASTERS, masters], [BY_HAND, hand]])
      for (const node of paths.map((path) => client.nodes.get(path)).filter(Boolean)) {
        const made = row(client, node, { described: false, name: node.path === "/hud/visible" ? "HUD" : node.label });
        into.append(made.element);
        offs.push(made.off);
      }
    for (const node of client.nodes.values()) {
      if (node.group !== "/emotion" || !node.reading || node.low !== 0 || ["/emotion/confidence", "/emotion/activity"].includes(node.path)) continue;
      const bar = meter(node.label);
      feelings.append(bar.element);
      watch(node.path, (value) => bar.show(value, `${Math.round(100 * value)} %`));
    }
    const light = (name, path, about) => {
      if (!client.nodes.has(path)) return;
      const lamp = h("span", { class: "lamp" });
      lights.append(h("div", { class: "light", title: about }, lamp, name));
      watch(path, (value) => lamp.style.setProperty("--glow", value.toFixed(2)));
    };
    light("Onset", "/features/onset", "Lights up when something begins");
    light("Beat", "/tempo/pulse", "Lights up on the beat of the beat clock");
    watch("/features/loudness_dbfs", (value) => level.show((value + 60) / 60, value <= -119 ? "silent" : `${value.toFixed(0).replace("-", "−")} dB`));
    for (const [path, name, told] of [
      ["/features/lufs", "Loudness", (value) => (value <= -119 ? "–" : `${value.toFixed(1).replace("-", "−")} LUFS`)],
      ["/features/centroid_hz", "Brightness", (value) => (value > 0 ? `${(value / 1000).toFixed(1)} kHz` : "–")],
      ["/tempo/bpm", "Tempo", (value) => (value > 0 ? `${value.toFixed(1)} bpm` : "–")],
      ["/features/onset_count", "Onsets", (value) => String(value)]]) {
      if (!client.nodes.has(path)) continue;
      const value = h("dd", {}, "–");
      figures.append(h("div", {}, h("dt", {}, name), value));
      watch(path, (now) => { value.textContent = told(now); });
    }
    watch(MANUAL, (value) => {
      manual = value;
      byHand.setAttribute("aria-pressed", String(value >= 0.5));
      hand.hidden = value < 0.5;
      plane.classList.toggle("held", value >= 0.5);
    });
    watch("/status/preset", (name) => { element.querySelector("#preset-name").textContent = name || "–"; });
  }

  const bands = () => [...client.nodes.keys()].filter((path) => path.startsWith("/features/band/")).map((path) => client.values.get(path));
  animate(bars, (context, width, height) => drawBars(context, width, height, bands()));
  animate(plane, (context, width, height) => drawPlane(context, width, height, client, history));
  const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
  setInterval(() => {
    if (!element.isConnected || document.hidden) return;
    const valence = client.values.get("/emotion/valence") ?? 0, arousal = client.values.get("/emotion/arousal") ?? 0;
    words.textContent = `valence ${signed(valence)}   arousal ${signed(arousal)}`;
  }, 250);

  let unseen = null;
  return {
    id: "live", title: "Live", element, tree: build,
    shown: () => { unseen = picture.show(preview); },
    hidden: () => unseen?.(),
  };
}

function button(text, name, onclick) {
  return h("button", { type: "button", class: "plain", "aria-label": name, onclick }, text);
}

function meter(name) {
  const value = h("span", { class: "figure" }, "–"), bar = h("span", { class: "bar-fill" });
  const element = h("div", { class: "meter" }, h("span", { class: "meter-name" }, name), h("span", { class: "bar-track", "aria-hidden": "true" }, bar), value);
  return {
    element,
    show(part, text) {
      bar.style.setProperty("--part", Math.min(1, Math.max(0, part)).toFixed(3));
      value.textContent = text;
    },
  };
}
