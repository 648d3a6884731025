// Which signal moves which setting, with a live trace of the signal.

import { animate, drawTrace } from "./drawing.js";
import { h } from "./dom.js";
import { label, title } from "./tree.js";
import { choiceField, numberField } from "./widgets.js";

const CURVES = ["linear", "square", "root", "smooth"];
const MODES = [["add", "adds"], ["scale", "multiplies"]];
const LONGEST_S = 60;

export function routesPage(app) {
  const { client, history, routes } = app;
  const list = h("ul", { class: "routes" });
  const none = h("p", { class: "none" }, "No signal moves anything in this look. Choose a signal and a setting, then add.");
  const signal = h("select", { id: "route-signal" }), target = h("select", { id: "route-target" });
  const add = h("form", { class: "card add", "aria-labelledby": "t-add", onsubmit: (event) => {
    event.preventDefault();
    const node = client.nodes.get(target.value);
    const span = node && node.low !== null && node.high !== null ? node.high - node.low : 1;
    send({ ...fresh(signal.value), target: target.value, gain: Number((span / 4).toPrecision(2)) });
    opened = key({ signal: signal.value, target: target.value });
  } }, h("h2", { id: "t-add" }, "New route"),
    h("div", { class: "field" }, h("label", { for: "route-signal" }, "Signal"), signal), h("span", { class: "arrow", "aria-hidden": "true" }, "→"),
    h("div", { class: "field" }, h("label", { for: "route-target" }, "moves"), target), h("button", { type: "submit", class: "strong" }, "Add"));
  const element = h("div", { class: "routes-page" }, add, none, list);
  let offs = [];
  let opened = "";

  const key = (route) => `${route.signal} ${route.target}`;
  const fresh = (name) => {
    const { low, high } = routes.signals.get(name) ?? { low: 0, high: 1 };
    return { signal: name, low, high, curve: "linear", attack_s: 0, release_s: 0.2, mode: "add" };
  };
  const send = (route) => app.act("/route/set", route.signal, route.target, route.gain, route.low, route.high, route.curve, route.attack_s, route.release_s, route.mode);

  function draw() {
    for (const off of offs) off();
    offs = [];
    const inside = list.contains(document.activeElement) ? document.activeElement.closest("[data-route]")?.dataset.route : null;
    const field = inside ? [...list.querySelectorAll("input, select, button, summary")].filter((each) => each.closest("[data-route]").dataset.route === inside).indexOf(document.activeElement) : -1;
    list.replaceChildren(...routes.list.map(card));
    none.hidden = routes.list.length > 0;
    if (field >= 0) [...list.querySelectorAll("input, select, button, summary")].filter((each) => each.closest("[data-route]").dataset.route === inside)[field]?.focus();
  }

  function card(route) {
    const heard = routes.signals.get(route.signal), node = client.nodes.get(route.target), reading = client.nodes.get(heard?.address);
    const trace = h("canvas", { class: "trace", role: "img", "aria-label": `${route.signal}, the last seconds` });
    const same = reading && heard && reading.low === heard.low && reading.high === heard.high;
    if (heard) offs.push(animate(trace, (context, width, height) =>
      drawTrace(context, width, height, history.of(heard.address), same ? heard.low : null, same ? heard.high : null, same ? [route.low, route.high] : null)));
    const change = (part) => { Object.assign(route, part); send(route); };
    const unit = node?.unit ?? "";
    const sign = route.mode === "add" ? `${route.gain < 0 ? "−" : "+"}${Math.abs(route.gain)}${unit ? ` ${unit}` : ""}` : `× ${Number((1 + route.gain).toPrecision(3))}`;
    const details = h("details", { open: opened === key(route), ontoggle: () => { if (details.open) opened = key(route); else if (opened === key(route)) opened = ""; } },
      h("summary", {}, "Edit"),
      h("div", { class: "fields" },
        numberField("Gain", route.gain, { unit, take: (gain) => change({ gain }) }),
        choiceField("Mode", route.mode, MODES, (mode) => change({ mode })),
        numberField("From", route.low, { take: (low) => change({ low }) }),
        numberField("To", route.high, { take: (high) => change({ high }) }),
        choiceField("Curve", route.curve, CURVES, (curve) => change({ curve })),
        numberField("Attack", route.attack_s, { low: 0, high: LONGEST_S, unit: "s", take: (attack_s) => change({ attack_s }) }),
        numberField("Release", route.release_s, { low: 0, high: LONGEST_S, unit: "s", take: (release_s) => change({ release_s }) }),
        h("button", { type: "button", class: "remove", onclick: () => app.act("/route/remove", route.signal, route.target) }, "Remove")));
    return h("li", { class: "card route", "data-route": key(route) },
      h("div", { class: "route-line" },
        h("div", { class: "end" }, h("strong", {}, routes.short(route.signal)), h("span", { class: "address" }, route.signal)), trace,
        h("div", { class: "end" }, h("strong", {}, node ? `${title(node.group)} ${node.label.toLowerCase()}` : label(route.target), h("span", { class: "gain" }, sign)), h("span", { class: "address" }, route.target))), details);
  }

  function choices() {
    const keepOf = (select, options) => {
      const before = select.value;
      select.replaceChildren(...options);
      if ([...select.querySelectorAll("option")].some((option) => option.value === before)) select.value = before;
    };
    keepOf(signal, [...routes.signals.values()].map((each) => h("option", { value: each.name }, routes.short(each.name))));
    const grouped = new Map();
    for (const node of client.nodes.values())
      if (node.routable && node.setting) grouped.set(node.group, [...(grouped.get(node.group) ?? []), node]);
    keepOf(target, [...grouped].map(([group, nodes]) => {
      const part = h("optgroup", { label: title(group) });
      part.append(...nodes.map((node) => h("option", { value: node.path }, `${title(group)} · ${node.label.toLowerCase()}`)));
      return part;
    }));
  }
  routes.addEventListener("change", () => { choices(); draw(); });
  return { id: "routes", title: "Routes", element, tree: () => routes.read() };
}
