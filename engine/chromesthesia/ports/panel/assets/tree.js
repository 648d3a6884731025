// From the nodes that the server tells to what a person is shown: names, groups, ranges, units.

const UNITS = { "time.second": "s", "time.ms": "ms", "time.hz": "Hz", "gain.db-raw": "dB", "angle.degree": "°", "deg/s": "°/s" };
const KINDS = { f: "float", i: "int", T: "bool", F: "bool", s: "text" };
const UNIT_ENDINGS = /_(s|ms|hz|db|dbfs|lufs|bpm)$/;
const SHORT = new Set(["hud", "midi", "fps", "osc", "lufs", "rms", "bpm"]);

/** Every node with a type below `root`, flat. */
export function flatten(root, found = new Map()) {
  if (root.TYPE !== undefined) found.set(root.FULL_PATH, describe(root));
  for (const child of Object.values(root.CONTENTS ?? {})) flatten(child, found);
  return found;
}

function describe(node) {
  const range = node.RANGE?.[0] ?? {};
  const tags = node.TAGS ?? [];
  const choices = node.TYPE === "s" && Array.isArray(range.VALS) ? range.VALS : null;
  const path = node.FULL_PATH;
  const unit = node.UNIT?.[0] ?? "";
  return {
    path,
    tags,
    types: node.TYPE,
    kind: choices ? "choice" : KINDS[node.TYPE] ?? "action",
    text: (node.DESCRIPTION ?? "").replaceAll("`", ""),
    low: range.MIN ?? null,
    high: range.MAX ?? null,
    choices,
    unit: UNITS[unit] ?? unit,
    value: node.VALUE?.[0] ?? null,
    readable: (node.ACCESS & 1) === 1,
    setting: tags.includes("setting") && !tags.includes("twin"),
    reading: tags.includes("reading") && !tags.includes("twin"),
    routable: tags.includes("routable"),
    room: tags.includes("room"),
    label: label(path),
    group: path.slice(0, path.lastIndexOf("/")) || "/",
  };
}

/** The last word of an address as a name: `/audio/gain_db` is "Gain". */
export function label(path) {
  const plain = path.slice(path.lastIndexOf("/") + 1).replace(UNIT_ENDINGS, "").replaceAll("_", " ");
  return capital(words(plain));
}

/** A group as a title: `/look/flow` is "Flow". */
export function title(group) {
  return capital(words(group.slice(group.lastIndexOf("/") + 1)));
}

/** The settings, by group in the order in which the server tells them. */
export function groups(nodes) {
  const found = new Map();
  for (const node of nodes.values()) {
    if (!node.setting) continue;
    if (!found.has(node.group)) found.set(node.group, []);
    found.get(node.group).push(node);
  }
  return found;
}

/** How many digits behind the point a value of `node` is shown with. */
export function digits(node) {
  if (node.kind === "int") return 0;
  const span = node.low === null || node.high === null ? 10 : node.high - node.low;
  return span <= 5 ? 2 : span <= 60 ? 1 : 0;
}

/** A value as text, without its unit. */
export function shown(node, value) {
  if (typeof value !== "number") return value === true ? "on" : value === false ? "off" : String(value ?? "");
  const text = value.toFixed(digits(node));
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

const words = (text) => text.split(/[ _]/).map((word) => (SHORT.has(word) ? word.toUpperCase() : word)).join(" ");

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
