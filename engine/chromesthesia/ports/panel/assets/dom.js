// Making elements. Text is only ever set as text.

/** An element: `h("button", {class: "x", onclick: f, "aria-label": "y"}, child, "text")`. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in PROPERTIES) element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const PROPERTIES = { value: 1, checked: 1, disabled: 1, hidden: 1 };

const SVG = "http://www.w3.org/2000/svg";

/** A line drawing of 24 x 24 from one path. */
export function icon(path) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  drawing.append(line);
  return drawing;
}

let count = 0;

/** A name for an element that no other has. */
export const unique = (stem) => `${stem}-${++count}`;

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** What a browser kept by this name; `otherwise` when it keeps nothing. */
export function kept(name, otherwise) {
  try { return localStorage.getItem(name) ?? otherwise; } catch { return otherwise; }
}

/** Keep a text, where the browser keeps any. */
export function keep(name, text) {
  try { localStorage.setItem(name, text); } catch { /* it is asked for again next time */ }
}
