// The outputs: their corners and meshes pulled by hand over the living picture, their edges, gamma and test cards.

import { h, unique } from "./dom.js";
import { alertUser, tell } from "./announce.js";
import { row } from "./widgets.js";

const ROOT = "/output/", ALL = `${ROOT}all/identify`;
const MARGIN = 0.1; // of the box around the output, so that what lies beyond its edges can be seen and held
const CORNERS = ["Upper left", "Upper right", "Lower right", "Lower left"];
const STEP = 0.002, LARGE = 10;

export function outputsPage(app) {
  const { client } = app;
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Outputs" });
  const identify = h("button", { type: "button", class: "toggle", "aria-pressed": "false", onclick: () => client.set(ALL, !client.values.get(ALL)) }, "Identify all");
  const save = h("button", { type: "button", class: "strong", onclick: () => { if (app.act("/output/save")) tell("Outputs saved in their file"); } }, "Save");
  const canvas = h("canvas", { class: "preview", width: 480, height: 270, role: "img", "aria-label": "The picture as this output bends it" });
  const part = h("div", { class: "part" }, canvas), lines = svg("svg", { class: "net", "aria-hidden": "true", preserveAspectRatio: "none", viewBox: `${-MARGIN} ${-MARGIN} ${1 + 2 * MARGIN} ${1 + 2 * MARGIN}` });
  const frame = h("div", { class: "output-frame" }, part), handles = h("div", { class: "handles" });
  const box = h("div", { class: "output-box" }, frame, lines, handles);
  const bend = h("div", { class: "chips", role: "group", "aria-label": "What is pulled" });
  const hint = h("p", { class: "about" }, "Drag a point, or choose it and use the arrow keys (with Shift: ten times as far). U takes the last change back.");
  const sides = h("div", { class: "side" });
  const element = h("div", { class: "outputs" },
    h("div", { class: "toolbar" }, chips, identify, save),
    h("section", { class: "card editor", "aria-label": "Corners and mesh" }, h("div", { class: "top" }, bend), box, hint), sides);
  let number = 1, mode = "corner", offs = [], built = "", quiet = 0, stop = null;

  const at = (path, otherwise = 0) => Number(client.values.get(`${ROOT}${number}/${path}`) ?? otherwise);
  const numbers = () => [...client.nodes.keys()].map((path) => /^\/output\/(\d+)\/card$/.exec(path)?.[1]).filter(Boolean).map(Number).sort((a, b) => a - b);
  const nameOf = (each) => /\((.*)\)/.exec(client.nodes.get(`${ROOT}${each}/card`)?.text ?? "")?.[1] ?? `Output ${each}`;
  const corners = () => CORNERS.map((_, n) => [at(`corner/${n + 1}/x`), at(`corner/${n + 1}/y`)]);
  const points = () => [...client.nodes.keys()].map((path) => new RegExp(`^${ROOT}${number}/(mesh/\\d+/\\d+)/x$`).exec(path)?.[1]).filter(Boolean);

  function build() {
    const there = numbers();
    document.querySelector('#tabs [data-page="outputs"]')?.toggleAttribute("hidden", there.length === 0);
    if (!there.length) return;
    if (!there.includes(number)) number = there[0];
    const signature = JSON.stringify([number, mode, there.map(nameOf), [...client.nodes.keys()].filter((path) => path.startsWith(ROOT))]);
    if (signature === built) return;
    built = signature;
    for (const off of offs) off();
    offs = [];
    if (mode === "mesh" && !points().length) mode = "corner";
    chips.replaceChildren(...there.map((each) => h("button", { type: "button", class: "chip", "aria-pressed": String(each === number), onclick: () => { number = each; build(); } }, `${each} ${nameOf(each)}`)));
    bend.replaceChildren(...[["corner", "Corners"], ["mesh", "Mesh"]].filter(([kind]) => kind === "corner" || points().length).map(([kind, name]) =>
      h("button", { type: "button", class: "chip", "aria-pressed": String(kind === mode), onclick: () => { mode = kind; build(); } }, name)));
    handles.replaceChildren(...(mode === "corner"
      ? CORNERS.map((name, n) => handle(`corner/${n + 1}`, name, (place) => place))
      : points().map((path) => handle(path, `Point ${path.split("/")[2]} of row ${path.split("/")[1]}`, (place) => through(inverse(onto(corners())), place)))));
    const groups = [["Test card", ["card"]], ["Edges that overlap", ["blend/left", "blend/top", "blend/right", "blend/bottom", "blend/gamma"]],
      ["Gamma", ["gamma/red", "gamma/green", "gamma/blue"]], ["Part of the picture", ["crop/left", "crop/top", "crop/width", "crop/height"]]];
    sides.replaceChildren(...groups.map(([title, paths]) => {
      const id = unique("o");
      const rows = paths.map((path) => client.nodes.get(`${ROOT}${number}/${path}`)).filter(Boolean).map((node) => {
        const made = row(client, node, { described: false });
        offs.push(made.off);
        return made.element;
      });
      return h("section", { class: "card group", "aria-labelledby": id }, h("h2", { id }, title), rows);
    }));
    for (const path of client.nodes.keys()) if (path.startsWith(`${ROOT}${number}/`)) offs.push(client.watch(path, soon));
    offs.push(client.watch(ALL, (on) => identify.setAttribute("aria-pressed", String(Boolean(on)))));
    soon();
  }

  /** A point that can be pulled; `place` makes its parameters of a place on the output. */
  function handle(path, name, place) {
    const button = h("button", { type: "button", class: "handle", "data-point": path, "aria-label": name, title: name });
    const put = (wish) => {
      const [x, y] = place(wish);
      for (const [axis, value] of [["x", x], ["y", y]]) {
        const node = client.nodes.get(`${ROOT}${number}/${path}/${axis}`);
        if (node && !client.set(node.path, Math.min(node.high, Math.max(node.low, value)))) return;
      }
    };
    let held = null;
    button.addEventListener("pointerdown", (event) => {
      button.setPointerCapture(event.pointerId);
      const [x, y] = shownAt(path);
      const [px, py] = pointed(event);
      held = { epoch: client.epoch, x: x - px, y: y - py };
    });
    button.addEventListener("pointermove", (event) => {
      if (!held || held.epoch !== client.epoch) return;
      const [px, py] = pointed(event);
      put([px + held.x, py + held.y]);
    });
    for (const end of ["pointerup", "pointercancel"]) button.addEventListener(end, () => { held = null; });
    button.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!way) return;
      event.preventDefault();
      const step = STEP * (event.shiftKey ? LARGE : 1), [x, y] = shownAt(path);
      put([x + way[0] * step, y + way[1] * step]);
    });
    return button;
  }

  function pointed(event) {
    const bounds = box.getBoundingClientRect(), wide = 1 + 2 * MARGIN;
    return [((event.clientX - bounds.left) / bounds.width) * wide - MARGIN, ((event.clientY - bounds.top) / bounds.height) * wide - MARGIN];
  }

  function shownAt(path) {
    const place = [at(`${path}/x`), at(`${path}/y`)];
    return path.startsWith("corner") ? place : through(onto(corners()), place);
  }

  function soon() {
    if (quiet) return;
    quiet = requestAnimationFrame(() => { quiet = 0; lay(); });
  }

  function lay() {
    const width = frame.clientWidth, height = frame.clientHeight;
    const crop = ["left", "top", "width", "height"].map((name, n) => at(`crop/${name}`, [0, 0, 1, 1][n]));
    box.style.setProperty("--ratio", String((canvas.width * crop[2]) / Math.max(1, canvas.height * crop[3])));
    Object.assign(canvas.style, { width: `${100 / crop[2]}%`, height: `${100 / crop[3]}%`, left: `${(-100 * crop[0]) / crop[2]}%`, top: `${(-100 * crop[1]) / crop[3]}%` });
    const [a, b, c, d, e, f, g, i] = onto(corners());
    part.style.transform = `matrix3d(${[a, (d * height) / width, 0, g / width, (b * width) / height, e, 0, i / height, 0, 0, 1, 0, c * width, f * height, 0, 1].join(",")})`;
    for (const side of ["left", "top", "right", "bottom"]) part.style.setProperty(`--${side}`, `${100 * at(`blend/${side}`)}%`);
    const wide = 1 + 2 * MARGIN;
    for (const each of handles.children) {
      const [x, y] = shownAt(each.dataset.point);
      Object.assign(each.style, { left: `${(100 * (x + MARGIN)) / wide}%`, top: `${(100 * (y + MARGIN)) / wide}%` });
    }
    lines.replaceChildren(svg("rect", { x: 0, y: 0, width: 1, height: 1, class: "edge" }), ...net().map((line) => svg("polyline", { points: line.map((place) => place.join(",")).join(" ") })));
  }

  /** The lines between the points: the corners' figure, and the mesh's rows and columns. */
  function net() {
    const figure = corners(), way = onto(figure), all = points();
    const found = [[...figure, figure[0]]];
    const rows = Math.max(0, ...all.map((path) => Number(path.split("/")[1]))), columns = Math.max(0, ...all.map((path) => Number(path.split("/")[2])));
    const place = (r, c) => through(way, [at(`mesh/${r}/${c}/x`), at(`mesh/${r}/${c}/y`)]);
    const upTo = (count) => Array.from({ length: count }, (_, n) => n + 1);
    for (const r of upTo(rows)) found.push(upTo(columns).map((c) => place(r, c)));
    for (const c of upTo(columns)) found.push(upTo(rows).map((r) => place(r, c)));
    return found;
  }

  new ResizeObserver(soon).observe(frame);
  return {
    id: "outputs", title: "Outputs", element, tree: build,
    shown() { build(); stop = app.picture.show(canvas); if (!numbers().length) alertUser("This show has no outputs of a file."); },
    hidden() { stop?.(); stop = null; },
  };
}

/** What takes the unit square to four corners: a to h of a 3 x 3 matrix whose last number is 1. */
function onto([[x0, y0], [x1, y1], [x2, y2], [x3, y3]]) {
  const ax = x1 - x2, bx = x3 - x2, cx = x0 - x1 + x2 - x3, ay = y1 - y2, by = y3 - y2, cy = y0 - y1 + y2 - y3;
  const all = ax * by - bx * ay || 1e-9;
  const g = (cx * by - bx * cy) / all, i = (ax * cy - cx * ay) / all;
  return [x1 - x0 + g * x1, x3 - x0 + i * x3, x0, y1 - y0 + g * y1, y3 - y0 + i * y3, y0, g, i, 1];
}

function through([a, b, c, d, e, f, g, i, k], [x, y]) {
  const w = g * x + i * y + k || 1e-9;
  return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
}

function inverse([a, b, c, d, e, f, g, i, k]) {
  return [e * k - f * i, c * i - b * k, b * f - c * e, f * g - d * k, a * k - c * g, c * d - a * f, d * i - e * g, b * g - a * i, a * e - b * d];
}

function svg(kind, given) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
  return made;
}
