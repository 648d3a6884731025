// The picture of the show: a JPEG in each frame of a WebSocket, drawn where it is in sight. Its colour is the accent.

import { keep } from "./dom.js";

const RETRY_MS = 2000;
const STILL_MS = 2500; // with reduced motion the picture changes no oftener
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Picture {
  #canvases = new Set();
  #socket = null;
  #timer = 0;
  #drawnAt = 0;
  #busy = false;
  #small = new OffscreenCanvas(24, 14);
  #tint = null;
  frames = 0;

  constructor(client) {
    this.client = client;
    client.addEventListener("state", () => this.#follow());
    document.addEventListener("visibilitychange", () => this.#follow());
    addEventListener("scheme", () => this.#paint());
  }

  /** Draw onto `canvas` from now on; returns what ends that. */
  show(canvas) {
    this.#canvases.add(canvas);
    this.#follow();
    return () => { this.#canvases.delete(canvas); this.#follow(); };
  }

  #follow() {
    const wanted = this.client.live && !document.hidden && this.#canvases.size > 0;
    if (wanted === Boolean(this.#socket)) return;
    clearTimeout(this.#timer);
    if (!wanted) {
      const socket = this.#socket;
      this.#socket = null;
      socket.close();
      this.#mark(false);
      return;
    }
    const socket = new WebSocket(`${this.client.origin.replace(/^http/, "ws")}/panel/preview`);
    this.#socket = socket;
    socket.onmessage = (message) => this.#draw(message.data);
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#mark(false);
      this.#timer = setTimeout(() => this.#follow(), RETRY_MS);
    };
  }

  async #draw(blob) {
    const now = performance.now();
    if (this.#busy || (calm.matches && now - this.#drawnAt < STILL_MS)) return;
    this.#busy = true;
    this.#drawnAt = now;
    try {
      const picture = await createImageBitmap(blob);
      for (const canvas of this.#canvases) {
        if (canvas.width !== picture.width || canvas.height !== picture.height) Object.assign(canvas, { width: picture.width, height: picture.height });
        canvas.getContext("2d").drawImage(picture, 0, 0);
      }
      this.#look(picture);
      picture.close();
      this.frames += 1;
      this.#mark(true);
    } catch (error) {
      console.warn(`a picture was not drawn: ${error.message}`);
    } finally {
      this.#busy = false;
    }
  }

  #mark(fresh) {
    for (const canvas of this.#canvases) canvas.dataset.fresh = String(fresh);
  }

  /** The mean hue of the picture, strong colours counting most; it follows over some seconds. */
  #look(picture) {
    const context = this.#small.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0, 24, 14);
    const pixels = context.getImageData(0, 0, 24, 14).data;
    let a = 0, b = 0, weight = 1e-6;
    for (let at = 0; at < pixels.length; at += 4) {
      const [x, y] = chroma(pixels[at], pixels[at + 1], pixels[at + 2]);
      const strength = Math.hypot(x, y);
      a += x * strength; b += y * strength; weight += strength;
    }
    a /= weight; b /= weight;
    const part = this.#tint ? 0.06 : 1;
    this.#tint ??= [0, 0];
    this.#tint[0] += (a - this.#tint[0]) * part;
    this.#tint[1] += (b - this.#tint[1]) * part;
    if (this.frames % 5 === 0) this.#paint();
  }

  #paint() {
    if (!this.#tint) return;
    const [a, b] = this.#tint;
    if (Math.hypot(a, b) < 0.008) return; // a grey picture has no colour to give
    const hue = (Math.atan2(b, a) * 180) / Math.PI;
    document.documentElement.style.setProperty("--hue", hue.toFixed(0));
    keep("hue", hue.toFixed(0)); // pages without a picture, and the next visit, have it too
    dispatchEvent(new Event("accent"));
  }
}

/** Oklab's a and b of an sRGB colour, 0 to 255. */
function chroma(red, green, blue) {
  const [r, g, b] = [red, green, blue].map((value) => (value / 255) ** 2.2);
  const l = Math.cbrt(0.4122 * r + 0.5363 * g + 0.0514 * b);
  const m = Math.cbrt(0.2119 * r + 0.6807 * g + 0.1074 * b);
  const s = Math.cbrt(0.0883 * r + 0.2817 * g + 0.63 * b);
  return [1.978 * l - 2.4286 * m + 0.4506 * s, 0.0259 * l + 0.7828 * m - 0.8087 * s];
}
