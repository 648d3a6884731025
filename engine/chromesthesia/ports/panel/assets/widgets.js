// A widget for each kind of parameter. All of them follow the show, and are followed by it.

import { h, unique } from "./dom.js";
import { shown } from "./tree.js";

const STEPS = 1000;
const LOG_FROM = 10; // a range whose ends differ by more than this factor is told in ratios

/** One row for a setting. Returns {element, off}; `extra` goes behind the name. */
export function row(client, node, { extra = null, described = true, name: called = node.label } = {}) {
  const id = unique("p");
  const name = h("label", { class: "name", for: id }, called);
  const text = h("p", { class: "about", id: `${id}-about` }, node.text);
  const reset = h("button", {
    type: "button", class: "reset", "aria-label": `Reset ${called}`, title: "As the preset has it",
    onclick: () => client.act("/parameter/reset", node.path),
  }, "↺");
  const made = MAKERS[node.kind](client, node, id);
  const element = h("div", { class: `row ${node.kind}`, "data-path": node.path, title: node.path },
    h("div", { class: "head" }, name, extra, made.side ?? null, reset), made.main ?? null, described && node.text ? text : null);
  made.control.setAttribute("aria-describedby", `${id}-about`);
  return { element, off: made.off };
}

function number(client, node, id) {
  const low = node.low ?? 0, high = node.high ?? 1, whole = node.kind === "int";
  const scale = whole ? plainScale(low, high, high - low) : low > 0 && high / low >= LOG_FROM ? ratioScale(low, high) : plainScale(low, high, STEPS);
  const slider = h("input", { type: "range", id, min: 0, max: scale.steps, step: 1, class: low < 0 && high > 0 ? "two-sided" : "" });
  slider.style.setProperty("--zero", `${(100 * scale.at(low < 0 && high > 0 ? 0 : low)) / scale.steps}%`);
  const entry = h("input", { type: "text", inputmode: "decimal", class: "entry", "aria-label": `${node.label}, value`, autocomplete: "off", enterkeyhint: "done" });
  let value = node.value ?? low;
  let epoch = null; // of the connection in which a drag began

  const show = () => {
    const at = scale.at(value);
    if (epoch === null) slider.value = String(Math.round(at));
    slider.style.setProperty("--at", `${(100 * at) / scale.steps}%`);
    slider.setAttribute("aria-valuetext", `${shown(node, value)} ${node.unit}`.trim());
    if (document.activeElement !== entry) entry.value = shown(node, value);
  };
  const put = (wish, since = client.epoch) => {
    const held = Math.min(high, Math.max(low, whole ? Math.round(wish) : wish));
    if (!client.set(node.path, held, since)) { epoch = null; show(); }
  };
  slider.addEventListener("pointerdown", () => { epoch = client.epoch; });
  for (const end of ["pointerup", "pointercancel", "blur"]) slider.addEventListener(end, () => { epoch = null; show(); });
  slider.addEventListener("input", () => put(scale.value(Number(slider.value)), epoch ?? client.epoch));
  slider.addEventListener("dblclick", () => client.act("/parameter/reset", node.path));
  slider.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (steps === undefined) return;
    event.preventDefault();
    const size = whole ? 1 : event.shiftKey ? 1 : STEPS / 100;
    put(scale.value(Math.min(scale.steps, Math.max(0, scale.at(value) + steps * size))));
  });
  entry.addEventListener("focus", () => entry.select());
  entry.addEventListener("keydown", (event) => {
    if (event.key === "Enter") entry.blur();
    if (event.key === "Escape") { entry.value = shown(node, value); entry.blur(); event.stopPropagation(); }
  });
  entry.addEventListener("change", () => {
    const wish = Number(entry.value.replace(",", ".").replace("−", "-").trim());
    if (entry.value.trim() && Number.isFinite(wish)) put(wish);
    show();
  });
  const off = client.watch(node.path, (now) => { value = Number(now); show(); });
  show();
  const unit = node.unit ? h("span", { class: "unit" }, node.unit) : null;
  return { control: slider, main: slider, side: h("span", { class: "value" }, entry, unit), off };
}

function plainScale(low, high, steps) {
  const span = high - low || 1;
  return { steps, at: (value) => ((value - low) / span) * steps, value: (at) => low + (at / steps) * span };
}

function ratioScale(low, high) {
  const span = Math.log(high / low);
  return { steps: STEPS, at: (value) => (Math.log(Math.max(value, low) / low) / span) * STEPS, value: (at) => low * Math.exp((at / STEPS) * span) };
}

function toggle(client, node, id) {
  const button = h("button", { type: "button", role: "switch", id, class: "switch", "aria-checked": "false",
    onclick: () => client.set(node.path, button.getAttribute("aria-checked") !== "true") }, h("span", { class: "knob", "aria-hidden": "true" }));
  const off = client.watch(node.path, (now) => button.setAttribute("aria-checked", String(Boolean(now))));
  return { control: button, side: button, off };
}

function choice(client, node, id) {
  const select = h("select", { id, onchange: () => { if (!client.set(node.path, select.value)) select.value = client.values.get(node.path); } },
    node.choices.map((text) => h("option", { value: text }, text)));
  const off = client.watch(node.path, (now) => { select.value = now; });
  return { control: select, main: select, off };
}

function words(client, node, id) {
  const entry = h("input", { type: "text", id, class: "words", maxlength: 400, onchange: () => client.set(node.path, entry.value) });
  const off = client.watch(node.path, (now) => { if (document.activeElement !== entry) entry.value = now; });
  return { control: entry, main: entry, off };
}

const MAKERS = { float: number, int: number, bool: toggle, choice, text: words };

/** A plain number field with a name, for arguments that are no parameters. `take` gets a finite number. */
export function numberField(name, value, { low = -1e6, high = 1e6, step = "any", unit = "", take }) {
  const id = unique("n");
  const entry = h("input", { type: "number", id, class: "entry wide", min: low, max: high, step, value: String(value), inputmode: "decimal",
    onchange: () => {
      const wish = Number(entry.value);
      if (entry.value !== "" && Number.isFinite(wish)) take(Math.min(high, Math.max(low, wish)));
      else entry.value = String(value);
    } });
  return h("div", { class: "field" }, h("label", { for: id }, name, unit ? h("span", { class: "unit" }, ` ${unit}`) : null), entry);
}

/** A choice with a name, for arguments that are no parameters. options: texts, or [value, text]. */
export function choiceField(name, value, options, take) {
  const id = unique("c");
  const select = h("select", { id, onchange: () => take(select.value) },
    options.map((option) => (Array.isArray(option) ? h("option", { value: option[0] }, option[1]) : h("option", { value: option }, option))));
  select.value = value;
  return h("div", { class: "field" }, h("label", { for: id }, name), select);
}

