// Canvases that are drawn anew while they are in sight: the plane of emotion, bands, traces.

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const CALM_MS = 500;
const drawers = new Set();
let colours = null;
let last = 0;

for (const event of ["scheme", "accent"]) addEventListener(event, () => { colours = null; });

/** The colours of the page as they are now. */
export function palette() {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    colours = Object.fromEntries(["ink", "soft", "faint", "line", "panel", "accent", "bad"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }
  return colours;
}

/** Calls `draw(context, width, height, now_ms)` for each frame in which `canvas` is in sight; returns what ends that. */
export function animate(canvas, draw) {
  const drawer = { canvas, draw, seen: false };
  const sight = new IntersectionObserver(([entry]) => { drawer.seen = entry.isIntersecting; });
  sight.observe(canvas);
  drawers.add(drawer);
  return () => { sight.disconnect(); drawers.delete(drawer); };
}

function frame(now) {
  requestAnimationFrame(frame);
  if (now - last < (calm.matches ? CALM_MS : 30)) return;
  last = now;
  for (const { canvas, draw, seen } of drawers) {
    if (!seen) continue;
    const scale = devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    draw(context, width, height, now);
  }
}
requestAnimationFrame(frame);

/** The last seconds of every reading, sampled evenly. */
export class History {
  #kept = new Map();

  constructor(client, length = 240, every_ms = 50) {
    this.client = client;
    this.length = length;
    setInterval(() => this.#sample(), every_ms);
  }

  /** The values kept of `path`, oldest first. */
  of(path) {
    if (!this.#kept.has(path)) this.#kept.set(path, []);
    return this.#kept.get(path);
  }

  #sample() {
    if (!this.client.live) return;
    for (const [path, values] of this.#kept) {
      const value = this.client.values.get(path);
      if (typeof value !== "number") continue;
      values.push(value);
      if (values.length > this.length) values.shift();
    }
  }
}

const FONT = '500 12px "Inter", "Segoe UI", Roboto, "Helvetica Neue", sans-serif';

/** Valence to the right, arousal upwards, with the way that the emotion came. */
export function drawPlane(context, width, height, client, history) {
  const paint = palette();
  const side = Math.min(width, height), margin = 26, half = side / 2 - margin;
  const middle = [width / 2, height / 2];
  const place = (valence, arousal) => [middle[0] + valence * half, middle[1] - arousal * half];
  context.lineWidth = 1;
  context.strokeStyle = paint.line;
  context.strokeRect(middle[0] - half + 0.5, middle[1] - half + 0.5, 2 * half, 2 * half);
  context.beginPath();
  for (const part of [-0.5, 0, 0.5]) {
    context.moveTo(...place(part, -1)); context.lineTo(...place(part, 1));
    context.moveTo(...place(-1, part)); context.lineTo(...place(1, part));
  }
  context.globalAlpha = 0.55;
  context.stroke();
  context.globalAlpha = 1;
  context.beginPath();
  context.moveTo(...place(-1, 0)); context.lineTo(...place(1, 0));
  context.moveTo(...place(0, -1)); context.lineTo(...place(0, 1));
  context.strokeStyle = paint.faint;
  context.stroke();
  context.font = FONT;
  context.fillStyle = paint.soft;
  context.textAlign = "center";
  context.fillText("excited", middle[0], middle[1] - half - 9);
  context.fillText("calm", middle[0], middle[1] + half + 18);
  for (const [text, x, turn] of [["unpleasant", -half - 9, -1], ["pleasant", half + 9, 1]]) {
    context.save();
    context.translate(middle[0] + x, middle[1]);
    context.rotate((turn * Math.PI) / 2);
    context.fillText(text, 0, 0);
    context.restore();
  }
  const valences = history.of("/emotion/valence"), arousals = history.of("/emotion/arousal");
  const count = Math.min(valences.length, arousals.length);
  context.strokeStyle = context.fillStyle = paint.accent;
  for (let at = 1; at < count; at++) {
    const age = at / count;
    context.globalAlpha = 0.75 * age * age;
    context.lineWidth = 1 + 2 * age;
    context.beginPath();
    context.moveTo(...place(valences[at - 1], arousals[at - 1]));
    context.lineTo(...place(valences[at], arousals[at]));
    context.stroke();
  }
  const activity = client.values.get("/emotion/activity") ?? 1, sure = client.values.get("/emotion/confidence") ?? 1;
  const [x, y] = place(client.values.get("/emotion/valence") ?? 0, client.values.get("/emotion/arousal") ?? 0);
  context.globalAlpha = 0.18;
  context.beginPath(); context.arc(x, y, 12 + 18 * (1 - sure), 0, 7); context.fill();
  context.globalAlpha = 0.4 + 0.6 * activity;
  context.beginPath(); context.arc(x, y, 8, 0, 7); context.fill();
  context.globalAlpha = 1;
}

/** Upright bars, 0 to 1 each. */
export function drawBars(context, width, height, values) {
  const paint = palette(), gap = 5, wide = (width - gap * (values.length - 1)) / values.length;
  values.forEach((value, at) => {
    const tall = Math.max(2, Math.min(1, value ?? 0) * height);
    context.fillStyle = paint.line;
    context.fillRect(at * (wide + gap), 0, wide, height);
    context.fillStyle = paint.accent;
    context.fillRect(at * (wide + gap), height - tall, wide, tall);
  });
}

/** The last seconds of one signal. low, high: its range; null follows what is there. band: two values, marked. */
export function drawTrace(context, width, height, values, low, high, band = null) {
  const paint = palette();
  if (low === null || high === null) {
    low = Math.min(...values, low ?? Infinity);
    high = Math.max(...values, high ?? -Infinity);
    if (!(high - low > 1e-6)) [low, high] = [low - 0.5, low + 0.5];
  }
  const y = (value) => height - 2 - ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (height - 4);
  if (band) {
    context.fillStyle = paint.line;
    context.globalAlpha = 0.6;
    context.fillRect(0, y(Math.max(...band)), width, y(Math.min(...band)) - y(Math.max(...band)));
    context.globalAlpha = 1;
  }
  if (values.length < 2) return;
  context.strokeStyle = paint.accent;
  context.lineWidth = 1.75;
  context.lineJoin = "round";
  context.beginPath();
  values.forEach((value, at) => context.lineTo(width - ((values.length - 1 - at) * width) / 239, y(value)));
  context.stroke();
}
