/* The swarm player: a recorded swarm on a canvas, to scrub, single out bees, and zoom.
 *
 * Half a thousand half-transparent curves are too much for canvas strokes without a
 * graphics card. So each curve is blended, column by column, into a pixel buffer of our
 * own, which costs a few milliseconds; only axes, dots and the chosen bee are canvas calls.
 */
(() => {
  "use strict";
  const shared = (window.swarmscape ||= {});
  const store = (shared.swarms ||= {}); // recordings by name; their scripts put them here
  if (shared.player) {
    shared.player.scan(); // a second copy, as in a notebook with several figures
    return;
  }

  const GAP = 65535; // the level that stands for NaN
  const MOST_ZOOM = 12;
  // Viridis at 0, 0.1, …, 1.
  const VIRIDIS = ["440154", "482475", "414487", "355f8d", "2a788e", "21918c", "22a884", "44bf70",
    "7ad151", "bddf26", "fde725"].map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  // Ten colors for what has a name (M. A. Petroff, 2021, arXiv:2107.02270).
  const CATEGORIES = ["3f90da", "ffa90e", "bd1f01", "94a4a2", "832db6", "a96b59", "e76300", "b9ac70",
    "717581", "92dadd"].map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const POINT = matchMedia("(hover: none)").matches ? "Tap" : "Point at";
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const mix = (from, to, share) => from.map((value, at) => value + (to[at] - value) * share);
  const css = (rgb) => `rgb(${rgb.map(Math.round).join(" ")})`;

  function viridis(share) {
    const at = clamp(share, 0, 1) * (VIRIDIS.length - 1);
    const below = Math.min(Math.floor(at), VIRIDIS.length - 2);
    return mix(VIRIDIS[below], VIRIDIS[below + 1], at - below);
  }

  /* ---- The recording ---- */

  async function inflate(text) {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /** Levels (epoch, bee, point) as one Uint16Array; undoes swarm.player._pack.pack. */
  async function unpack({ shape, low, step, smooth, data }) {
    const [epochs, bees, points] = shape;
    const bytes = await inflate(data);
    const size = epochs * bees * points;
    const frame = bees * points;
    const levels = new Uint16Array(size);
    const error = (at) => {
      const coded = bytes[at] | (bytes[size + at] << 8);
      return (coded >>> 1) ^ -(coded & 1);
    };
    if (smooth) {
      for (let at = 0, point = 0; at < size; at++) {
        let level = error(at);
        if (at >= frame) level += levels[at - frame];
        if (point > 0) level += levels[at - 1];
        if (point > 0 && at >= frame) level -= levels[at - frame - 1];
        levels[at] = level;
        if (++point === points) point = 0;
      }
    } else {
      for (let column = 0, at = 0; column < frame; column++) {
        for (let epoch = 0, level = 0; epoch < epochs; epoch++) {
          level += error(at++);
          levels[epoch * frame + column] = level;
        }
      }
    }
    return { epochs, bees, points, low, step, levels, all: bees, first: 0 };
  }

  /**
   * One epoch's values (bee, point), between two recorded epochs if `when` is; NaN in gaps.
   * Of `all` bees these are `bees`, from the `first`: those of the setting that is shown.
   */
  function valuesAt(array, when, out) {
    const { levels, low, step, bees, points, epochs } = array;
    const frame = array.all * points;
    const epoch = Math.min(Math.floor(when), epochs - 1);
    const share = when - epoch;
    const start = epoch * frame + array.first * points;
    const next = share > 0 ? start + frame : start;
    for (let at = 0; at < bees * points; at++) {
      const here = levels[start + at];
      const there = levels[next + at];
      out[at] = here === GAP || there === GAP ? NaN : low + step * (here + share * (there - here));
    }
    return out;
  }

  function load(figure) {
    const name = figure.dataset.swarm;
    if (store[name]) return Promise.resolve(store[name]);
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = figure.dataset.src;
      script.addEventListener("load", () =>
        store[name] ? resolve(store[name]) : reject(new Error(`no recording in ${script.src}`)));
      script.addEventListener("error", () => reject(new Error(`could not load ${script.src}`)));
      document.head.append(script);
    });
  }

  /* ---- Drawing into a pixel buffer ---- */

  class Raster {
    constructor(width, height) {
      this.width = width;
      this.height = height;
      this.pixels = new Int32Array(width * height); // ABGR, all of it opaque
      this.image = new ImageData(new Uint8ClampedArray(this.pixels.buffer), width, height);
    }

    /** Bounds of what may be drawn on, in pixels. */
    clip(left, top, right, bottom) {
      this.left = clamp(Math.round(left), 0, this.width);
      this.right = clamp(Math.round(right), 0, this.width);
      this.top = clamp(Math.round(top), 0, this.height);
      this.bottom = clamp(Math.round(bottom), 0, this.height);
    }

    color([red, green, blue]) {
      this.redBlue = Math.round(red) | (Math.round(blue) << 16);
      this.green = Math.round(green) << 8;
    }

    /** Blend the current color into one pixel; alpha from 0 to 256. Two channels at a time. */
    blend(at, alpha) {
      const old = this.pixels[at];
      const rest = 256 - alpha;
      const redBlue = (Math.imul(old & 0xff00ff, rest) + Math.imul(this.redBlue, alpha) + 0x800080) >>> 8;
      const green = (Math.imul(old & 0xff00, rest) + Math.imul(this.green, alpha) + 0x8000) >>> 8;
      this.pixels[at] = 0xff000000 | (redBlue & 0xff00ff) | (green & 0xff00);
    }

    /** A vertical run from y0 to y1 in column x; what covers part of a pixel tints it in part. */
    column(x, y0, y1, alpha) {
      if (!(y1 > this.top && y0 < this.bottom)) return; // NaN too
      if (y0 < this.top) y0 = this.top;
      if (y1 > this.bottom) y1 = this.bottom;
      const first = y0 | 0;
      const last = y1 | 0;
      let at = first * this.width + x;
      if (first === last) {
        this.blend(at, ((y1 - y0) * alpha) | 0);
        return;
      }
      this.blend(at, ((first + 1 - y0) * alpha) | 0);
      for (let row = first + 1; row < last; row++) this.blend((at += this.width), alpha);
      if (last < this.bottom) this.blend(at + this.width, ((y1 - last) * alpha) | 0);
    }

    /**
     * A curve through (xs, ys), where segment k covers the columns from starts[k] to
     * starts[k + 1]. It does what `column` does for each, but in whole numbers (256ths of
     * a pixel) and local variables: this loop runs some million times for one picture.
     */
    curve(xs, ys, starts, lineWidth, alpha) {
      const { pixels, width, redBlue, green } = this;
      const top = this.top << 8;
      const bottom = this.bottom << 8;
      const rest = 256 - alpha;
      const fullRedBlue = (Math.imul(redBlue, alpha) + 0x800080) | 0;
      const fullGreen = (Math.imul(green, alpha) + 0x8000) | 0;
      for (let part = 0; part < ys.length - 1; part++) {
        const slope = (ys[part + 1] - ys[part]) / (xs[part + 1] - xs[part]);
        const to = starts[part + 1];
        let column = starts[part];
        // The area of a line of constant width over one column of pixels.
        const tall = Math.min(lineWidth * Math.sqrt(1 + slope * slope), this.height);
        const start = ys[part] + (column + 0.5 - xs[part]) * slope - tall / 2;
        if (!(Math.abs(start) + Math.abs(slope) * (to - column) < 4e6)) continue; // NaN, or no int32
        const down = (slope * 256) | 0;
        const length = (tall * 256) | 0;
        for (let y = (start * 256) | 0; column < to; column++, y = (y + down) | 0) {
          const y0 = y < top ? top : y;
          const end = (y + length) | 0;
          const y1 = end > bottom ? bottom : end;
          if (y0 >= y1) continue;
          const first = y0 >> 8;
          const last = y1 >> 8;
          let at = (Math.imul(first, width) + column) | 0;
          let cover = Math.imul(first === last ? y1 - y0 : 256 - (y0 & 255), alpha) >> 8;
          let old = pixels[at];
          pixels[at] = 0xff000000
            | ((((Math.imul(old & 0xff00ff, 256 - cover) + Math.imul(redBlue, cover)) | 0) + 0x800080 >>> 8) & 0xff00ff)
            | ((Math.imul(old & 0xff00, 256 - cover) + Math.imul(green, cover) + 0x8000 >>> 8) & 0xff00);
          if (first === last) continue;
          for (let row = first + 1; row < last; row++) {
            at = (at + width) | 0;
            old = pixels[at];
            pixels[at] = 0xff000000
              | (((Math.imul(old & 0xff00ff, rest) + fullRedBlue | 0) >>> 8) & 0xff00ff)
              | (((Math.imul(old & 0xff00, rest) + fullGreen | 0) >>> 8) & 0xff00);
          }
          cover = Math.imul(y1 & 255, alpha) >> 8;
          if (cover === 0) continue;
          at = (at + width) | 0;
          old = pixels[at];
          pixels[at] = 0xff000000
            | ((((Math.imul(old & 0xff00ff, 256 - cover) + Math.imul(redBlue, cover)) | 0) + 0x800080 >>> 8) & 0xff00ff)
            | ((Math.imul(old & 0xff00, 256 - cover) + Math.imul(green, cover) + 0x8000 >>> 8) & 0xff00);
        }
      }
    }

    row(y, x0, x1, alpha) {
      if (!(x1 > this.left && x0 < this.right)) return;
      if (x0 < this.left) x0 = this.left;
      if (x1 > this.right) x1 = this.right;
      const first = x0 | 0;
      const last = x1 | 0;
      let at = y * this.width + first;
      if (first === last) {
        this.blend(at, ((x1 - x0) * alpha) | 0);
        return;
      }
      this.blend(at, ((first + 1 - x0) * alpha) | 0);
      for (let column = first + 1; column < last; column++) this.blend(++at, alpha);
      if (last < this.right) this.blend(at + 1, ((x1 - last) * alpha) | 0);
    }

    /** A line `width` pixels wide, without its last point, so that a path has no knots. */
    segment(x0, y0, x1, y1, width, alpha) {
      const dx = x1 - x0;
      const dy = y1 - y0;
      if (Math.abs(dx) >= Math.abs(dy)) {
        if (!dx) return;
        const slope = dy / dx;
        const half = (width / 2) * Math.sqrt(1 + slope * slope);
        const from = Math.max(Math.ceil(Math.min(x0, x1) - 0.5), this.left);
        const to = Math.min(Math.ceil(Math.max(x0, x1) - 0.5), this.right);
        for (let x = from; x < to; x++) {
          const y = y0 + (x + 0.5 - x0) * slope;
          this.column(x, y - half, y + half, alpha);
        }
      } else {
        const slope = dx / dy;
        const half = (width / 2) * Math.sqrt(1 + slope * slope);
        const from = Math.max(Math.ceil(Math.min(y0, y1) - 0.5), this.top);
        const to = Math.min(Math.ceil(Math.max(y0, y1) - 0.5), this.bottom);
        for (let y = from; y < to; y++) {
          const x = x0 + (y + 0.5 - y0) * slope;
          this.row(y, x - half, x + half, alpha);
        }
      }
    }

    disc(cx, cy, radius, alpha) {
      if (!(cx + radius > this.left && cx - radius < this.right)) return;
      const top = Math.max(Math.floor(cy - radius), this.top);
      const bottom = Math.min(Math.ceil(cy + radius), this.bottom - 1);
      const left = Math.max(Math.floor(cx - radius), this.left);
      const right = Math.min(Math.ceil(cx + radius), this.right - 1);
      for (let y = top; y <= bottom; y++) {
        for (let x = left; x <= right; x++) {
          const cover = clamp(radius + 0.5 - Math.hypot(x + 0.5 - cx, y + 0.5 - cy), 0, 1);
          if (cover > 0) this.blend(y * this.width + x, (cover * alpha) | 0);
        }
      }
    }
  }

  /* ---- Axes ---- */

  function ticks(low, high, most) {
    const rough = (high - low) / Math.max(most, 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
    const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at++) {
      found.push([at * step, (at * step).toFixed(Math.min(places, 8)).replace("-", "−")]);
    }
    return found;
  }

  /** What all numbers of a range that is far from zero have in common, such as seconds since 1970. */
  function offset(low, high) {
    if (Math.max(Math.abs(low), Math.abs(high)) < 1e4 * (high - low)) return 0;
    const round = 10 ** Math.ceil(Math.log10(high - low));
    return Math.floor(low / round) * round;
  }

  function short(value, digits = 3) {
    if (value === null || Number.isNaN(value)) return "unknown";
    const size = Math.abs(value);
    const text = size && (size < 1e-3 || size >= 10 ** Math.max(5, digits)) ? value.toExponential(digits - 1) : String(+value.toPrecision(digits));
    return text.replace("-", "−");
  }

  /** A rectangle of the stage in CSS pixels, and the data that it shows. */
  class Panel {
    constructor(box, x, y) {
      Object.assign(this, box);
      this.x = x;
      this.y = y;
    }
    toX(value) { return this.left + ((value - this.x[0]) / (this.x[1] - this.x[0])) * this.width; }
    toY(value) { return this.top + ((this.y[1] - value) / (this.y[1] - this.y[0])) * this.height; }
    fromX(pixel) { return this.x[0] + ((pixel - this.left) / this.width) * (this.x[1] - this.x[0]); }
    fromY(pixel) { return this.y[1] - ((pixel - this.top) / this.height) * (this.y[1] - this.y[0]); }
    has(x, y) {
      return x >= this.left && x <= this.left + this.width && y >= this.top && y <= this.top + this.height;
    }

    axes(pen, ink, xlabel, ylabel, grid = true) {
      pen.font = ink.small;
      pen.lineWidth = 1;
      pen.strokeStyle = ink.grid;
      pen.fillStyle = ink.text;
      pen.textBaseline = "top";
      pen.textAlign = "center";
      const bottom = this.top + this.height;
      pen.beginPath();
      const across = offset(...this.x);
      const up = offset(...this.y);
      const from = (value) => (value ? ` (${short(value, 15)} +)` : "");
      for (const [value, text] of ticks(this.x[0] - across, this.x[1] - across, this.width / 64)) {
        const x = Math.round(this.toX(value + across)) + 0.5;
        if (grid) pen.moveTo(x, this.top), pen.lineTo(x, bottom);
        pen.fillText(text, x, bottom + 6);
      }
      pen.textBaseline = "middle";
      pen.textAlign = "right";
      for (const [value, text] of ticks(this.y[0] - up, this.y[1] - up, this.height / 45)) {
        const y = Math.round(this.toY(value + up)) + 0.5;
        if (grid) pen.moveTo(this.left, y), pen.lineTo(this.left + this.width, y);
        pen.fillText(text, this.left - 7, y);
      }
      pen.stroke();
      pen.font = ink.medium;
      pen.textAlign = "center";
      pen.textBaseline = "bottom";
      pen.fillText(xlabel + from(across), this.left + this.width / 2, bottom + 38);
      pen.save();
      pen.translate(this.left - 43, this.top + this.height / 2);
      pen.rotate(-Math.PI / 2);
      pen.textBaseline = "middle";
      pen.fillText(ylabel + from(up), 0, 0);
      pen.restore();
    }
  }

  /* ---- Views: what is particular to curves, and to bees on a surface ---- */

  class Curves {
    constructor(scene, arrays) {
      this.scene = scene;
      this.curve = arrays.ypred;
      this.values = arrays.values;
      this.now = new Float64Array(this.curve.bees * this.curve.points); // years need more than 32 bits
      if (this.values) {
        this.shown = new Float64Array(this.values.bees * this.values.points);
        this.counts = new Float64Array(scene.values.bins);
        this.highest = new Map();
      }
    }

    get prompt() { return `${POINT} a curve to single out a bee.`; }

    /** The highest bar of all epochs of the setting that is shown, so that none outgrows the plot. */
    most() {
      const { first, epochs } = this.values;
      if (!this.highest.has(first)) {
        let most = 1;
        for (let epoch = 0; epoch < epochs; epoch++) {
          this.count(epoch);
          most = Math.max(most, ...this.counts);
        }
        this.highest.set(first, most);
      }
      return this.highest.get(first);
    }

    panels(width, height, view) {
      const left = 56, right = 14;
      const below = this.values ? Math.round((height - 110) * 0.27) : 0;
      const top = { left, top: 12, width: width - left - right, height: height - 12 - 48 - (below && below + 58) };
      const panels = [new Panel(top, view.x, view.y)];
      if (below) {
        const box = { left, top: height - 48 - below, width: top.width, height: below };
        panels.push(new Panel(box, this.scene.values.range, [0, this.most() * 1.05]));
      }
      return panels;
    }

    count(when) {
      const { bins, range } = this.scene.values;
      valuesAt(this.values, when, this.shown);
      this.counts.fill(0);
      const scale = bins / (range[1] - range[0]);
      for (const value of this.shown) {
        const bin = Math.floor((value - range[0]) * scale);
        if (bin >= 0 && bin < bins) this.counts[bin]++;
      }
    }

    background(pen, panels, ink) {
      panels[0].axes(pen, ink, this.scene.xlabel, this.scene.ylabel);
      if (panels[1]) panels[1].axes(pen, ink, this.scene.values.label, "count");
    }

    swarm(raster, panels, ratio, when, colors, alpha) {
      const { points, bees } = this.curve;
      const panel = panels[0];
      const now = valuesAt(this.curve, when, this.now);
      const scale = (-panel.height / (panel.y[1] - panel.y[0])) * ratio;
      const zero = panel.toY(0) * ratio;
      raster.clip(panel.left * ratio, panel.top * ratio, (panel.left + panel.width) * ratio, (panel.top + panel.height) * ratio);
      const xs = Float64Array.from(this.scene.x, (value) => panel.toX(value) * ratio);
      const starts = Int32Array.from(xs, (x) => clamp(Math.ceil(x - 0.5), raster.left, raster.right));
      const ys = new Float64Array(points);
      for (let bee = 0; bee < bees; bee++) {
        raster.color(colors[bee]);
        for (let point = 0; point < points; point++) ys[point] = zero + scale * now[bee * points + point];
        raster.curve(xs, ys, starts, 1.15 * ratio, alpha);
      }
    }

    overlay(pen, panels, ink, when, bee) {
      const { x, truth, truthX } = this.scene;
      const panel = panels[0];
      if (truth) {
        const every = Math.max(1, Math.ceil((truth.length * 4.5) / panel.width));
        pen.beginPath();
        for (let point = 0; point < truth.length; point += every) {
          if (truth[point] === null) continue;
          const px = panel.toX(truthX[point]);
          const py = panel.toY(truth[point]);
          if (!panel.has(px, py)) continue;
          pen.moveTo(px + 2, py);
          pen.arc(px, py, 2, 0, 2 * Math.PI);
        }
        pen.lineWidth = 1.5;
        pen.strokeStyle = ink.paper;
        pen.stroke();
        pen.fillStyle = ink.truth;
        pen.fill();
      }
      if (panels[1]) this.histogram(pen, panels[1], ink, when, bee);
      if (bee === null) return;
      pen.save();
      pen.beginPath();
      pen.rect(panel.left, panel.top, panel.width, panel.height);
      pen.clip();
      pen.beginPath();
      const start = bee * this.curve.points;
      for (let point = 0, gap = true; point < x.length; point++) {
        const value = this.now[start + point];
        if (Number.isNaN(value)) gap = true;
        else {
          pen[gap ? "moveTo" : "lineTo"](panel.toX(x[point]), panel.toY(value));
          gap = false;
        }
      }
      emphasise(pen, ink);
      pen.restore();
    }

    histogram(pen, panel, ink, when, bee) {
      this.count(when);
      pen.fillStyle = ink.bars;
      const width = panel.width / this.counts.length;
      const bottom = panel.top + panel.height;
      for (let bin = 0; bin < this.counts.length; bin++) {
        const top = panel.toY(this.counts[bin]);
        pen.fillRect(panel.left + bin * width + 0.25, top, width - 0.5, bottom - top);
      }
      if (bee === null) return;
      const { points } = this.values;
      const chosen = [...this.shown.subarray(bee * points, (bee + 1) * points)]
        .map((value) => panel.toX(value)).filter((x) => x >= panel.left && x <= panel.left + panel.width);
      const tall = Math.min(22, panel.height / 3);
      const half = points > 16 ? 0.75 : 1.25;
      pen.fillStyle = ink.paper;
      for (const x of chosen) pen.fillRect(x - half - 1, bottom - tall - 1, 2 * half + 2, tall + 1);
      pen.fillStyle = ink.chosen;
      for (const x of chosen) pen.fillRect(x - half, bottom - tall, 2 * half, tall);
    }

    /** The bee whose curve passes nearest to a point of the stage, and how near. */
    nearest(panels, px, py) {
      const panel = panels[0];
      const { x } = this.scene;
      const { points, bees } = this.curve;
      const value = panel.fromX(px);
      let after = x.findIndex((other) => other > value);
      if (after < 0) after = points - 1;
      const from = Math.max(0, after - 2);
      const to = Math.min(points - 1, after + 1);
      const best = { bee: null, distance: Infinity };
      for (let bee = 0; bee < bees; bee++) {
        for (let point = from; point < to; point++) {
          const at = bee * points + point;
          const distance = toSegment(px, py, panel.toX(x[point]), panel.toY(this.now[at]),
            panel.toX(x[point + 1]), panel.toY(this.now[at + 1]));
          if (distance < best.distance) Object.assign(best, { bee, distance });
        }
      }
      return best;
    }

    words() { return ""; }
  }

  class Descent {
    constructor(scene, arrays) {
      this.scene = scene;
      this.paths = arrays.positions;
      this.ground = arrays.surface;
      const { levels, low, step } = this.ground;
      const [bottom, top] = scene.surface.range;
      // Heights from 0 to the number of bands; NaN where the loss is unknown.
      this.heights = Float32Array.from(levels, (level) =>
        level === GAP ? NaN : ((low + step * level - bottom) / (top - bottom)) * scene.surface.bands);
      this.all = Float64Array.from(this.paths.levels, (level) =>
        level === GAP ? NaN : this.paths.low + this.paths.step * level);
      this.now = new Float64Array(this.paths.bees * 2);
    }

    get prompt() { return `${POINT} a bee to single it out.`; }

    /** Where the first number of a bee of the setting that is shown stands at a recorded epoch. */
    at(epoch, bee) { return 2 * (epoch * this.paths.all + this.paths.first + bee); }

    panels(width, height, view) {
      const box = { left: 56, top: 12, width: width - 56 - 14, height: height - 12 - 48 };
      return [new Panel(box, view.x, view.y)];
    }

    /** The loss map: shades between contours, both from the interpolated height of a pixel. */
    background(pen, panels, ink, ratio) {
      const panel = panels[0];
      const { xs, ys, bands } = this.scene.surface;
      const [rows, columns] = [this.ground.bees, this.ground.points]; // packed as (1, Y, X)
      const width = Math.round(panel.width * ratio);
      const height = Math.round(panel.height * ratio);
      const image = new ImageData(width, height);
      const pixels = new Uint32Array(image.data.buffer);
      const shades = Array.from({ length: bands }, (_, band) => mix(ink.deep, ink.high, band / (bands - 1)));
      const [contourRed, contourGreen, contourBlue] = ink.contour;
      const cell = (low, high, count, value) => ((value - low) / (high - low)) * (count - 1);
      const left = new Int32Array(width);
      const share = new Float32Array(width);
      for (let x = 0; x < width; x++) {
        const at = cell(...xs, columns, panel.fromX(panel.left + (x + 0.5) / ratio));
        left[x] = clamp(Math.floor(at), 0, columns - 2);
        share[x] = at < -1e-6 || at > columns - 1 + 1e-6 ? NaN : at - left[x];
      }
      const h = this.heights;
      let before = new Float32Array(width).fill(NaN);
      let row = new Float32Array(width);
      for (let y = 0; y < height; y++) {
        const at = cell(...ys, rows, panel.fromY(panel.top + (y + 0.5) / ratio));
        const low = clamp(Math.floor(at), 0, rows - 2);
        const up = at < -1e-6 || at > rows - 1 + 1e-6 ? NaN : at - low;
        for (let x = 0; x < width; x++) {
          const corner = low * columns + left[x];
          const lower = h[corner] + (h[corner + 1] - h[corner]) * share[x];
          const upper = h[corner + columns] + (h[corner + columns + 1] - h[corner + columns]) * share[x];
          row[x] = lower + (upper - lower) * up;
        }
        for (let x = 0; x < width; x++) {
          const value = row[x];
          if (value !== value) continue; // NaN: the loss is unknown
          const band = shades[value >= bands ? bands - 1 : value | 0];
          let red = band[0];
          let green = band[1];
          let blue = band[2];
          // Distance to the nearest contour in pixels, from how steep the height is here.
          const across = (x ? value - row[x - 1] : row[1] - value) || 0;
          const along = value - before[x] || 0;
          const steep = Math.sqrt(across * across + along * along) + 1e-9;
          const near = Math.abs(value - Math.round(value)) / steep;
          // Where contours crowd, they fade rather than clot.
          const line = 0.55 * Math.min(0.5 * ratio + 0.5 - near, 1) * Math.min(1.5 - 2 * steep, 1);
          if (line > 0 && near < 0.5 * ratio + 0.5) {
            red += (contourRed - red) * line;
            green += (contourGreen - green) * line;
            blue += (contourBlue - blue) * line;
          }
          pixels[y * width + x] = 0xff000000 | (blue << 16) | (green << 8) | red;
        }
        [before, row] = [row, before];
      }
      const sheet = new OffscreenCanvas(width, height);
      sheet.getContext("2d").putImageData(image, 0, 0);
      pen.drawImage(sheet, panel.left, panel.top, panel.width, panel.height);
      panel.axes(pen, ink, this.scene.xlabel, this.scene.ylabel, false);
    }

    swarm(raster, panels, ratio, when, colors, alpha, ink) {
      const panel = panels[0];
      const { bees } = this.paths;
      valuesAt(this.paths, when, this.now);
      raster.clip(panel.left * ratio, panel.top * ratio, (panel.left + panel.width) * ratio, (panel.top + panel.height) * ratio);
      const ax = (panel.width / (panel.x[1] - panel.x[0])) * ratio;
      const ay = (-panel.height / (panel.y[1] - panel.y[0])) * ratio;
      const [bx, by] = [panel.toX(0) * ratio, panel.toY(0) * ratio];
      const whole = Math.floor(when);
      for (let bee = 0; bee < bees; bee++) {
        raster.color(colors[bee]);
        let x = NaN;
        let y = NaN;
        for (let epoch = 0; epoch <= whole + 1; epoch++) {
          const last = epoch > whole;
          const nextX = bx + ax * (last ? this.now[2 * bee] : this.all[this.at(epoch, bee)]);
          const nextY = by + ay * (last ? this.now[2 * bee + 1] : this.all[this.at(epoch, bee) + 1]);
          // Steps of less than half a pixel wait for the next.
          if (!last && Math.abs(nextX - x) + Math.abs(nextY - y) < 0.5) continue;
          raster.segment(x, y, nextX, nextY, 1.3 * ratio, alpha);
          x = nextX;
          y = nextY;
        }
      }
      for (let bee = 0; bee < bees; bee++) {
        const x = bx + ax * this.now[2 * bee];
        const y = by + ay * this.now[2 * bee + 1];
        raster.color(ink.paperRgb);
        raster.disc(x, y, 4 * ratio, 200);
        raster.color(colors[bee]);
        raster.disc(x, y, 3 * ratio, 256);
      }
    }

    overlay(pen, panels, ink, when, bee) {
      if (bee === null) return;
      const panel = panels[0];
      pen.save();
      pen.beginPath();
      pen.rect(panel.left, panel.top, panel.width, panel.height);
      pen.clip();
      pen.beginPath();
      let gap = true;
      const to = (x, y) => {
        if (Number.isNaN(x) || Number.isNaN(y)) gap = true;
        else {
          pen[gap ? "moveTo" : "lineTo"](panel.toX(x), panel.toY(y));
          gap = false;
        }
      };
      for (let epoch = 0; epoch <= Math.floor(when); epoch++) {
        to(this.all[this.at(epoch, bee)], this.all[this.at(epoch, bee) + 1]);
      }
      to(this.now[2 * bee], this.now[2 * bee + 1]);
      emphasise(pen, ink);
      pen.beginPath();
      pen.arc(panel.toX(this.now[2 * bee]), panel.toY(this.now[2 * bee + 1]), 5.5, 0, 2 * Math.PI);
      pen.fillStyle = ink.chosen;
      pen.fill();
      pen.lineWidth = 2;
      pen.strokeStyle = ink.paper;
      pen.stroke();
      pen.restore();
    }

    nearest(panels, px, py) {
      const panel = panels[0];
      const best = { bee: null, distance: Infinity };
      for (let bee = 0; bee < this.paths.bees; bee++) {
        const distance = Math.hypot(px - panel.toX(this.now[2 * bee]), py - panel.toY(this.now[2 * bee + 1]));
        if (distance < best.distance) Object.assign(best, { bee, distance });
      }
      return best;
    }

    words(bee) {
      const [x, y] = [this.now[2 * bee], this.now[2 * bee + 1]];
      return Number.isNaN(x) || Number.isNaN(y) ? "" : `, at (${short(x)}, ${short(y)})`;
    }
  }

  class Scatter {
    constructor(scene, arrays) {
      this.scene = scene;
      this.points = arrays.points;
      this.count = this.points.points / 2;
      this.now = new Float64Array(this.points.bees * this.points.points);
    }

    get prompt() { return `${POINT} a point to single out a bee.`; }

    /** One scale for both axes, so that a circle looks like one. */
    panels(width, height, view) {
      const box = { left: 56, top: 12, width: width - 56 - 14, height: height - 12 - 48 - this.key(width) };
      const [across, up] = [view.x[1] - view.x[0], view.y[1] - view.y[0]];
      const scale = Math.min(box.width / across, box.height / up);
      const [wide, tall] = [across * scale, up * scale];
      return [new Panel({ left: box.left + (box.width - wide) / 2, top: box.top + (box.height - tall) / 2, width: wide, height: tall }, view.x, view.y)];
    }

    /** How much room the names of the kinds of points take below. */
    key(width) {
      const { names } = this.scene;
      if (!names) return 0;
      this.cell = Math.max(56, 26 + 7.5 * Math.max(...names.map((name) => name.length)));
      this.columns = Math.max(1, Math.floor((width - 70) / this.cell));
      return 20 * Math.ceil(names.length / this.columns) + 4;
    }

    background(pen, panels, ink) {
      const panel = panels[0];
      panel.axes(pen, ink, this.scene.xlabel, this.scene.ylabel);
      const { names } = this.scene;
      if (!names) return;
      pen.font = ink.small;
      pen.textAlign = "left";
      pen.textBaseline = "middle";
      names.forEach((name, number) => {
        const x = 60 + (number % this.columns) * this.cell;
        const y = panel.top + panel.height + 60 + 20 * Math.floor(number / this.columns);
        pen.fillStyle = css(CATEGORIES[number]);
        pen.beginPath();
        pen.arc(x, y, 4.5, 0, 2 * Math.PI);
        pen.fill();
        pen.fillStyle = ink.text;
        pen.fillText(name, x + 9, y);
      });
    }

    color(colors, bee, point) {
      const { labels } = this.scene;
      return labels && !this.byLoss ? CATEGORIES[labels[point]] : colors[bee];
    }

    swarm(raster, panels, ratio, when, colors, alpha, ink) {
      const panel = panels[0];
      const { bees } = this.points;
      const { count, now } = this;
      valuesAt(this.points, when, now);
      raster.clip(panel.left * ratio, panel.top * ratio, (panel.left + panel.width) * ratio, (panel.top + panel.height) * ratio);
      const ax = (panel.width / (panel.x[1] - panel.x[0])) * ratio;
      const ay = (-panel.height / (panel.y[1] - panel.y[0])) * ratio;
      const [bx, by] = [panel.toX(0) * ratio, panel.toY(0) * ratio];
      const strength = Math.round(clamp(10 / Math.sqrt(bees * count), 0.08, 0.9) * (ink.one ? 0.4 : 1) * 256);
      for (let point = 0; point < count; point++) {
        for (let bee = 0; bee < bees; bee++) {
          const at = 2 * (bee * count + point);
          const x = bx + ax * now[at];
          const y = by + ay * now[at + 1];
          raster.color(this.color(colors, bee, point));
          if (this.scene.rays) raster.segment(bx, by, x, y, 1.2 * ratio, alpha);
          raster.disc(x, y, 2.5 * ratio, strength);
        }
      }
    }

    overlay(pen, panels, ink, when, bee, colors) {
      if (bee === null) return;
      const panel = panels[0];
      pen.save();
      pen.beginPath();
      pen.rect(panel.left, panel.top, panel.width, panel.height);
      pen.clip();
      const few = this.count <= 60;
      for (let point = 0; point < this.count; point++) {
        const at = 2 * (bee * this.count + point);
        const [x, y] = [panel.toX(this.now[at]), panel.toY(this.now[at + 1])];
        if (Number.isNaN(x) || Number.isNaN(y)) continue;
        pen.strokeStyle = pen.fillStyle = this.scene.labels && !this.byLoss ? css(this.color(colors, bee, point)) : ink.chosen;
        if (this.scene.rays) {
          pen.lineWidth = 2.5;
          pen.beginPath();
          pen.moveTo(panel.toX(0), panel.toY(0));
          pen.lineTo(x, y);
          pen.stroke();
        }
        pen.beginPath();
        pen.arc(x, y, few ? 5.5 : 3.5, 0, 2 * Math.PI);
        pen.fill();
        pen.lineWidth = few ? 2 : 1;
        pen.strokeStyle = ink.paper;
        pen.stroke();
      }
      pen.restore();
    }

    nearest(panels, px, py) {
      const panel = panels[0];
      const best = { bee: null, distance: Infinity };
      for (let at = 0; at < this.now.length; at += 2) {
        const distance = Math.hypot(px - panel.toX(this.now[at]), py - panel.toY(this.now[at + 1]));
        if (distance < best.distance) Object.assign(best, { bee: Math.floor(at / 2 / this.count), distance });
      }
      return best;
    }

    words(bee) {
      if (this.count > 1) return "";
      const [x, y] = [this.now[2 * bee], this.now[2 * bee + 1]];
      return Number.isNaN(x) || Number.isNaN(y) ? "" : `, at (${short(x)}, ${short(y)})`;
    }
  }

  class Picture {
    constructor(scene, arrays) {
      this.scene = scene;
      this.images = arrays.images;
      this.now = new Float64Array(this.images.bees * this.images.points);
      this.sheet = new OffscreenCanvas(scene.columns, scene.rows);
    }

    get prompt() {
      return this.images.bees > 1 ? `Mean of ${this.images.bees} bees; give a number to see one.` : "";
    }

    panels(width, height, view) {
      const box = { left: 56, top: 12, width: width - 56 - 14, height: height - 12 - 92 };
      const [home, up] = [this.scene.view.x, this.scene.view.y];
      const shape = (home[1] - home[0]) / (up[1] - up[0]);
      if (shape < 0.4 || shape > 2.5) return [new Panel(box, view.x, view.y)];
      const wide = Math.min(box.width, box.height * shape);
      const tall = wide / shape;
      return [new Panel({ left: box.left + (box.width - wide) / 2, top: box.top + (box.height - tall) / 2, width: wide, height: tall }, view.x, view.y)];
    }

    background(pen, panels, ink) {
      const panel = panels[0];
      panel.axes(pen, ink, this.scene.xlabel, this.scene.ylabel, false);
      // What the colors mean, below the axis.
      const { range, label } = this.scene;
      const y = panel.top + panel.height + 62;
      const wide = Math.min(220, panel.width * 0.5);
      const x = panel.left + (panel.width - wide) / 2;
      for (let at = 0; at < wide; at++) {
        pen.fillStyle = css(this.shade(at / (wide - 1), ink));
        pen.fillRect(x + at, y, 1.5, 9);
      }
      pen.strokeStyle = ink.grid;
      pen.lineWidth = 1;
      pen.strokeRect(x - 0.5, y - 0.5, wide + 1.5, 10);
      pen.font = ink.small;
      pen.fillStyle = ink.text;
      pen.textBaseline = "middle";
      pen.textAlign = "right";
      const end = (value) => short(Math.abs(value) < 1e-6 * (range[1] - range[0]) ? 0 : value, 2);
      pen.fillText(end(range[0]), x - 8, y + 5);
      pen.textAlign = "left";
      pen.fillText(end(range[1]), x + wide + 10, y + 5);
      pen.textAlign = "center";
      pen.fillText(label, x + wide / 2, y + 20);
    }

    /** From the bees' color over the paper to the highlight. */
    shade(share, ink) {
      const at = clamp(share, 0, 1) * 2;
      return at < 1 ? mix(ink.low, ink.paperRgb, at) : mix(ink.paperRgb, ink.top, at - 1);
    }

    swarm(raster, panels, ratio, when) { valuesAt(this.images, when, this.now); }

    overlay(pen, panels, ink, when, bee) {
      const panel = panels[0];
      const { rows, columns, range, view, dots } = this.scene;
      const { bees, points } = this.images;
      const shades = Array.from({ length: 256 }, (_, at) => this.shade(at / 255, ink).map(Math.round));
      const brush = this.sheet.getContext("2d");
      const picture = brush.createImageData(columns, rows);
      for (let point = 0; point < points; point++) {
        let sum = 0;
        let known = 0;
        for (let one = bee ?? 0; one < (bee === null ? bees : bee + 1); one++) {
          const value = this.now[one * points + point];
          if (value === value) sum += value, known++;
        }
        if (!known) continue; // clear
        const shade = shades[Math.round(clamp((sum / known - range[0]) / (range[1] - range[0]), 0, 1) * 255)];
        const row = rows - 1 - Math.floor(point / columns); // row 0 is at the bottom
        const at = 4 * (row * columns + (point % columns));
        picture.data.set(shade, at);
        picture.data[at + 3] = 255;
      }
      brush.putImageData(picture, 0, 0);
      pen.save();
      pen.beginPath();
      pen.rect(panel.left, panel.top, panel.width, panel.height);
      pen.clip();
      pen.imageSmoothingEnabled = true;
      const [left, top] = [panel.toX(view.x[0]), panel.toY(view.y[1])];
      pen.drawImage(this.sheet, left, top, panel.toX(view.x[1]) - left, panel.toY(view.y[0]) - top);
      pen.lineWidth = 1.2;
      pen.strokeStyle = ink.strong;
      dots?.at.forEach(([x, y], at) => {
        pen.beginPath();
        pen.arc(panel.toX(x), panel.toY(y), 3.2, 0, 2 * Math.PI);
        pen.fillStyle = dots.values ? css(this.shade((dots.values[at] - range[0]) / (range[1] - range[0]), ink)) : ink.paper;
        pen.fill();
        pen.stroke();
      });
      pen.restore();
    }

    nearest() { return { bee: null, distance: Infinity }; }

    words() { return ""; }
  }

  const VIEWS = { curves: Curves, descent: Descent, scatter: Scatter, image: Picture };

  function emphasise(pen, ink) {
    pen.lineJoin = pen.lineCap = "round";
    pen.lineWidth = 5;
    pen.strokeStyle = ink.paper;
    pen.stroke();
    pen.lineWidth = 2.5;
    pen.strokeStyle = ink.chosen;
    pen.stroke();
  }

  /** Which of some ascending numbers is nearest to one. */
  function nearest(numbers, wanted) {
    return numbers.reduce((best, number, at) => Math.abs(number - wanted) < Math.abs(numbers[best] - wanted) ? at : best, 0);
  }

  /** The setting at which the knobs are nearest to their middles; see Recording.middle. */
  function middle({ knobs = [], settings = [[]] }) {
    const away = settings.map((setting) =>
      setting.reduce((sum, where, at) => sum + Math.abs(where - (knobs[at].values.length - 1) / 2), 0));
    return away.indexOf(Math.min(...away));
  }

  function toSegment(px, py, x0, y0, x1, y1) {
    const [dx, dy] = [x1 - x0, y1 - y0];
    const share = clamp(((px - x0) * dx + (py - y0) * dy) / (dx * dx + dy * dy || 1), 0, 1);
    return Math.hypot(px - x0 - share * dx, py - y0 - share * dy);
  }

  /* ---- The player ---- */

  const ICONS = {
    play: "M4 2.5v11l9-5.5z",
    pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
    in: "M7 3h2v4h4v2H9v4H7V9H3V7h4z",
    out: "M3 7h10v2H3z",
    reset: "M3 3h4v1.5H4.5V7H3zM9 3h4v4h-1.5V4.5H9zM3 9h1.5v2.5H7V13H3zM11.5 9H13v4H9v-1.5h2.5z",
  };
  const icon = (name) => `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
  let players = 0;

  class SwarmPlayer {
    constructor(figure, scene, arrays) {
      this.figure = figure;
      this.scene = scene;
      this.arrays = Object.keys(arrays).filter((name) => name !== "surface").map((name) => arrays[name]);
      this.arrays.forEach((array) => { array.bees = scene.bees.length; });
      this.view = new VIEWS[scene.kind](scene, arrays);
      this.settings = scene.settings ?? [[]];
      this.last = scene.epochs.length - 1;
      this.when = this.last; // in recorded epochs; between two of them only while it plays
      this.range = { x: [...scene.view.x], y: [...scene.view.y] };
      this.bee = null;
      this.pinned = false;
      this.setting = 0;
      this.colored = scene.loss !== null && !scene.labels; // what points are says more
      this.pointers = new Map();
      this.sharpest = 2;
      this.slow = 0;
      this.build();
      this.listen();
      this.set(middle(scene));
      this.theme();
      if (scene.bee != null) this.choose(nearest(scene.bees, scene.bee), true);
    }

    /* -- Controls -- */

    build() {
      const { scene, figure } = this;
      const id = `swarm-player-${++players}`;
      const stage = figure.querySelector(".swarm-player__stage");
      this.stage = stage;
      this.canvas = document.createElement("canvas");
      this.canvas.className = "swarm-player__canvas";
      this.canvas.setAttribute("role", "img");
      this.canvas.setAttribute("aria-label", stage.querySelector("img").alt);
      this.pen = this.canvas.getContext("2d", { alpha: false });
      stage.append(this.canvas);
      figure.classList.add("swarm-player--live");
      const zoom = [["out", "Zoom out"], ["in", "Zoom in"], ["reset", "Show all"]]
        .map(([name, label]) => `<button type="button" data-zoom="${name}" aria-label="${label}" title="${label}">${icon(name)}</button>`).join("");

      const bar = figure.querySelector(".swarm-player__bar");
      const order = scene.loss?.filter((loss) => loss !== null).sort((a, b) => a - b);
      const knobs = (scene.knobs ?? []).map((knob, at) => `<div class="swarm-player__knob"${knob.values.length > 1 ? "" : " hidden"}>
          <label for="${id}-knob-${at}"></label>
          <input id="${id}-knob-${at}" data-knob="${at}" type="range" min="0" max="${knob.values.length - 1}" step="1">
          <span class="swarm-player__value" aria-hidden="true"></span>
        </div>`).join("");
      bar.innerHTML = `${knobs && `
        <div class="swarm-player__knobs">${knobs}</div>`}
        <div class="swarm-player__time">
          <button type="button" class="swarm-player__play"></button>
          <label class="swarm-player__hidden" for="${id}-epoch">Epoch</label>
          <input id="${id}-epoch" class="swarm-player__epoch" type="range" min="0" max="${this.last}" step="1">
          <span class="swarm-player__now" aria-hidden="true"></span>
        </div>
        <div class="swarm-player__tools">
          <span class="swarm-player__bee">
            <label for="${id}-bee">Bee</label>
            <input id="${id}-bee" type="number" inputmode="numeric" min="${scene.bees[0]}" max="${scene.bees.at(-1)}" step="any" placeholder="–">
            ${order ? '<button type="button" data-bee="best">Best</button><button type="button" data-bee="worst">Worst</button>' : ""}
          </span>
          ${order && scene.kind !== "image" ? `<span class="swarm-player__legend">
            <button type="button" class="swarm-player__color" aria-pressed="${this.colored}"></button>
            <span class="swarm-player__scale"><span></span><canvas width="120" height="1" aria-hidden="true"></canvas><span></span></span>
          </span>` : ""}
        </div>
        <div class="swarm-player__foot">
          <p class="swarm-player__said" role="status"></p>
          <span class="swarm-player__zoom">${zoom}</span>
        </div>`;
      const find = (name) => bar.querySelector(`.swarm-player__${name}`);
      [this.play, this.slider, this.clock, this.said, this.toggle] = ["play", "epoch", "now", "said", "color"].map(find);
      this.chooser = bar.querySelector("input[type=number]");
      this.knobs = [...bar.querySelectorAll("[data-knob]")];
      this.knobs.forEach((knob, at) => {
        // Names are text, not markup; all values take the same room.
        const { label, values } = scene.knobs[at];
        knob.previousElementSibling.textContent = label;
        knob.nextElementSibling.style.minWidth = `${Math.max(...values.map((value) => value.length)) + 0.5}ch`;
      });
      if (this.toggle) {
        this.toggle.textContent = `Colour by ${scene.lossLabel}${scene.lossScale === "log" ? " (log)" : ""}`;
        const [low, high] = bar.querySelectorAll(".swarm-player__scale > span");
        const [first, top] = [order[0], order.at(-1)];
        low.textContent = short(scene.lossRange[0], 2);
        low.title = `lowest: ${short(first)}`;
        high.textContent = (top > scene.lossRange[1] ? "≥ " : "") + short(scene.lossRange[1], 2);
        high.title = `highest: ${short(top)}`;
        this.scale = bar.querySelector(".swarm-player__scale");
      }
      this.setPlaying(false);
      this.choose(null);
    }

    listen() {
      const { canvas, figure } = this;
      this.play.addEventListener("click", () => this.setPlaying(!this.playing));
      this.slider.addEventListener("input", () => {
        this.setPlaying(false);
        this.seek(+this.slider.value);
      });
      this.chooser.addEventListener("input", () => this.chooseByNumber());
      this.knobs.forEach((knob, at) => knob.addEventListener("input", () => this.turn(at, +knob.value)));
      figure.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (button?.dataset.zoom === "reset") this.reset();
        else if (button?.dataset.zoom) this.zoomBy(button.dataset.zoom === "in" ? 1.6 : 1 / 1.6);
        else if (button?.dataset.bee) this.choose(this[button.dataset.bee], true);
      });
      this.toggle?.addEventListener("click", () => {
        this.colored = !this.colored;
        this.theme();
      });
      figure.addEventListener("keydown", (event) => this.key(event));
      canvas.addEventListener("pointerdown", (event) => this.down(event));
      canvas.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus
      canvas.addEventListener("pointermove", (event) => this.move(event));
      canvas.addEventListener("pointerup", (event) => this.up(event));
      canvas.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
      canvas.addEventListener("pointerleave", () => this.pinned || this.pointers.size || this.choose(null));
      canvas.addEventListener("dblclick", () => this.reset());
      canvas.addEventListener("wheel", (event) => {
        // Who only scrolls past the figure keeps scrolling; who uses it zooms.
        if (!event.ctrlKey && !figure.contains(document.activeElement)) return;
        event.preventDefault();
        this.zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), ...this.place(event));
      }, { passive: false });
      new ResizeObserver(() => this.resize()).observe(this.stage);
      const follow = () => this.theme();
      new MutationObserver(follow).observe(document.body, { attributeFilter: ["data-theme", "class", "data-jp-theme-light"] });
      new MutationObserver(follow).observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", follow);
    }

    key(event) {
      if (event.altKey || event.metaKey || event.ctrlKey) return;
      const typing = event.target === this.chooser;
      const pan = event.shiftKey && { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (pan && !typing) this.panBy(0.12 * pan[0], 0.12 * pan[1]);
      else if (event.key === " " && event.target === this.slider) this.setPlaying(!this.playing);
      else if (event.key === "Escape") this.choose(null);
      else if (typing) return;
      else if (event.key === "+" || event.key === "=") this.zoomBy(1.6);
      else if (event.key === "-") this.zoomBy(1 / 1.6);
      else if (event.key === "0") this.reset();
      else return;
      event.preventDefault();
    }

    /* -- Time -- */

    setPlaying(playing) {
      if (playing && this.when >= this.last) this.when = 0;
      this.playing = playing;
      this.play.innerHTML = `${icon(playing ? "pause" : "play")}<span>${playing ? "Pause" : "Play"}</span>`;
      this.before = null;
      if (!playing) this.when = Math.round(this.when);
      this.redraw();
    }

    seek(when) {
      this.when = clamp(when, 0, this.last);
      this.redraw();
    }

    tick(time) {
      if (this.before !== null) {
        // All of it in about eight seconds, yet no epoch for longer than a quarter of one.
        const pace = Math.max(4, this.last / 8);
        this.when = Math.min(this.last, this.when + (pace * Math.min(time - this.before, 100)) / 1000);
        if (this.when >= this.last) this.setPlaying(false);
      }
      this.before = time;
    }

    /* -- Knobs -- */

    /** Give a knob a value, and the others those nearest to theirs that there are with it. */
    turn(knob, value) {
      const now = this.settings[this.setting];
      let best = null;
      let least = Infinity;
      this.settings.forEach((setting, at) => {
        const away = setting.reduce((sum, where, other) =>
          sum + (other === knob ? 1000 * Math.abs(where - value) : Math.abs(where - now[other])), 0);
        if (away < least) [best, least] = [at, away];
      });
      this.set(best);
    }

    /** Show another setting, at the same epoch and with the same bee. */
    set(setting) {
      this.setting = setting;
      const { knobs, bees } = this.scene;
      this.arrays.forEach((array) => { array.first = setting * bees.length; });
      const words = this.knobs.map((knob, at) => {
        const where = this.settings[setting][at];
        const value = knobs[at].values[where];
        knob.value = where;
        knob.setAttribute("aria-valuetext", value);
        knob.nextElementSibling.textContent = value;
        knob.style.setProperty("--swarm-done", `${(100 * where) / Math.max(1, knobs[at].values.length - 1)}%`);
        return `${knobs[at].label} ${value}`;
      });
      if (words.length) this.canvas.setAttribute("aria-label", `${this.figure.getAttribute("aria-label")}, at ${words.join(", ")}`);
      const ranked = bees.map((_, bee) => [this.loss(bee), bee]).filter(([loss]) => loss != null).sort((a, b) => a[0] - b[0]);
      this.best = ranked.at(0)?.[1] ?? null;
      this.worst = ranked.at(-1)?.[1] ?? null;
      if (this.ink) this.paint();
      this.stale ||= this.view.highest !== undefined; // bars have an axis for each setting
      this.redraw();
      this.after = () => this.bee !== null && this.tell(); // once the values are those of this setting
    }

    /** The final loss of a bee of the setting that is shown; null if it isn't known. */
    loss(bee) { return this.scene.loss?.[this.setting * this.scene.bees.length + bee]; }

    /* -- One bee -- */

    choose(bee, pinned = false) {
      this.pinned = pinned && bee !== null;
      if (bee === this.bee && this.said.textContent) return;
      this.bee = bee;
      if (document.activeElement !== this.chooser) this.chooser.value = bee === null ? "" : this.scene.bees[bee];
      this.tell();
      this.said.classList.toggle("swarm-player__said--bee", bee !== null);
      this.redraw();
    }

    tell() {
      this.said.textContent = this.bee === null ? this.view.prompt : this.describe(this.bee);
    }

    describe(bee) {
      const { bees, loss, lossLabel } = this.scene;
      return `Bee ${bees[bee]}${loss ? `: ${lossLabel} ${short(this.loss(bee))}` : ""}${this.view.words(bee)}`;
    }

    chooseByNumber() {
      const wanted = parseFloat(this.chooser.value);
      if (Number.isNaN(wanted)) return this.choose(null);
      this.choose(nearest(this.scene.bees, wanted), true);
    }

    /* -- Pointer and zoom -- */

    place(event) {
      const box = this.canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    }

    down(event) {
      // Keys and the wheel work on from here; the slider holds the focus for the picture.
      if (!this.figure.contains(document.activeElement)) this.slider.focus({ preventScroll: true });
      this.canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, this.place(event));
      this.dragged = false;
    }

    move(event) {
      const [x, y] = this.place(event);
      const held = this.pointers.get(event.pointerId);
      const panel = this.areas?.[0];
      if (!panel) return;
      if (!held) {
        if (event.pointerType === "mouse" && !this.pinned) this.point(x, y, 24);
        return;
      }
      if (!this.dragged && Math.hypot(x - held[0], y - held[1]) < 4) return;
      this.dragged = true;
      if (this.pointers.size === 2) {
        const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
        const factor = Math.hypot(x - other[0], y - other[1]) / Math.max(1, Math.hypot(held[0] - other[0], held[1] - other[1]));
        this.zoomBy(factor, (x + other[0]) / 2, (y + other[1]) / 2);
      } else this.panBy((held[0] - x) / panel.width, (y - held[1]) / panel.height);
      this.pointers.set(event.pointerId, [x, y]);
    }

    up(event) {
      this.pointers.delete(event.pointerId);
      if (this.dragged) return;
      const before = this.pinned ? this.bee : null;
      this.pinned = false;
      this.point(...this.place(event), event.pointerType === "mouse" ? 24 : 40, true);
      if (before !== null && before === this.bee) this.choose(null); // a second click lets it go
    }

    /** Single out the bee at a point of the stage, if there is one within reach. */
    point(x, y, reach, pinned = false) {
      const near = this.areas[0].has(x, y) ? this.view.nearest(this.areas, x, y) : { distance: Infinity };
      this.choose(near.distance <= reach ? near.bee : null, pinned);
    }

    zoomBy(factor, x, y) {
      const panel = this.areas[0];
      const home = this.scene.view;
      const whole = home.x[1] - home.x[0];
      const now = whole / (this.range.x[1] - this.range.x[0]);
      factor = clamp(now * factor, 1, MOST_ZOOM) / now;
      const at = x === undefined ? [panel.left + panel.width / 2, panel.top + panel.height / 2] : [x, y];
      const centre = { x: panel.fromX(at[0]), y: panel.fromY(at[1]) };
      for (const axis of ["x", "y"]) {
        this.range[axis] = this.range[axis].map((end) => centre[axis] + (end - centre[axis]) / factor);
      }
      this.panBy(0, 0);
    }

    /** Move by shares of what is shown, never beyond the whole. */
    panBy(x, y) {
      for (const [axis, share] of [["x", x], ["y", y]]) {
        const [low, high] = this.range[axis];
        const home = this.scene.view[axis];
        const by = clamp(share * (high - low), home[0] - low, home[1] - high);
        this.range[axis] = [low + by, high + by];
      }
      const zoomed = this.range.x[1] - this.range.x[0] < 0.999 * (this.scene.view.x[1] - this.scene.view.x[0]);
      this.figure.classList.toggle("swarm-player--zoomed", zoomed);
      this.stale = true;
      this.hasty = true; // a rough loss map while it moves, a fine one once it rests
      clearTimeout(this.rest);
      this.rest = setTimeout(() => {
        this.hasty = false;
        this.stale = true;
        this.redraw();
      }, 160);
      this.redraw();
    }

    reset() {
      this.range = { x: [...this.scene.view.x], y: [...this.scene.view.y] };
      this.panBy(0, 0);
    }

    /* -- Look -- */

    theme() {
      const style = getComputedStyle(this.figure);
      const sheet = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      const rgb = (name) => {
        sheet.fillStyle = style.getPropertyValue(`--swarm-${name}`).trim() || "#808080";
        sheet.fillRect(0, 0, 1, 1);
        return [...sheet.getImageData(0, 0, 1, 1).data.slice(0, 3)];
      };
      const [from, to] = style.getPropertyValue("--swarm-map").trim().split(/\s+/).map(Number);
      this.ink = {
        small: `12px ${style.fontFamily}`, medium: `13px ${style.fontFamily}`,
        text: css(rgb("soft")), grid: css(rgb("grid")), paper: css(rgb("paper")), truth: css(rgb("truth")),
        bars: css(rgb("bars")), chosen: css(rgb("chosen")), paperRgb: rgb("paper"),
        strong: css(rgb("text")), low: rgb("bees"), top: rgb("chosen"),
        deep: rgb("deep"), high: rgb("high"), contour: rgb("contour"),
      };
      this.plain = [rgb("bees"), rgb("truth")]; // of all bees alike, and of one whose loss isn't known
      this.shade = (share) => viridis(from + clamp(share, 0, 1) * (to - from));
      if (this.toggle) {
        this.toggle.setAttribute("aria-pressed", String(this.colored));
        this.scale.classList.toggle("swarm-player__scale--off", !this.colored);
        const legend = this.scale.querySelector("canvas").getContext("2d");
        for (let x = 0; x < 120; x++) {
          legend.fillStyle = css(this.shade(x / 119));
          legend.fillRect(x, 0, 1, 1);
        }
      }
      this.paint();
      this.stale = true;
      this.redraw();
    }

    /** Give each bee of the setting that is shown its color. */
    paint() {
      const { loss, lossRange, lossScale, bees } = this.scene;
      this.view.byLoss = this.colored;
      const level = lossScale === "log" ? Math.log : (value) => value;
      const [low, high] = (lossRange ?? []).map(level);
      this.colors = bees.map((_, bee) => {
        if (!this.colored || !loss) return this.plain[0];
        const own = this.loss(bee);
        return own === null ? this.plain[1] : this.shade((level(own) - low) / (high - low));
      });
    }

    resize() {
      const { clientWidth: width, clientHeight: height } = this.stage;
      // Three device pixels to one in CSS look no better on a phone, and cost twice as much.
      const ratio = Math.min(window.devicePixelRatio || 1, this.sharpest);
      if (!width || !height || (width === this.width && height === this.height && ratio === this.ratio)) return;
      Object.assign(this, { width, height, ratio });
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.raster = new Raster(this.canvas.width, this.canvas.height);
      const sheet = new OffscreenCanvas(this.canvas.width, this.canvas.height);
      this.brush = sheet.getContext("2d", { alpha: false, willReadFrequently: true });
      this.stale = true;
      this.draw(); // at once: a resized canvas is black
    }

    redraw() {
      this.request ??= requestAnimationFrame((time) => {
        this.request = null;
        if (this.playing) this.tick(time);
        this.draw();
        if (this.playing) this.redraw();
      });
    }

    draw() {
      if (!this.width) return;
      const started = performance.now();
      const { raster, ratio, view, pen, ink, stale } = this;
      if (stale) {
        this.areas = view.panels(this.width, this.height, this.range);
        const { brush } = this;
        brush.setTransform(1, 0, 0, 1, 0, 0);
        brush.fillStyle = ink.paper;
        brush.fillRect(0, 0, raster.width, raster.height);
        brush.scale(ratio, ratio);
        view.background(brush, this.areas, ink, this.hasty ? ratio / 2 : ratio);
        this.ground = new Int32Array(brush.getImageData(0, 0, raster.width, raster.height).data.buffer);
        this.stale = false;
      }
      raster.pixels.set(this.ground);
      ink.one = this.bee !== null;
      const opacity = this.scene.opacity * (ink.one ? 0.4 : 1);
      view.swarm(raster, this.areas, ratio, this.when, this.colors, Math.round(opacity * 256), ink);
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.putImageData(raster.image, 0, 0);
      pen.scale(ratio, ratio);
      view.overlay(pen, this.areas, ink, this.when, this.bee, this.colors);
      this.after?.();
      this.after = null;
      this.caption();
      this.cost = performance.now() - started;
      if (!stale) this.spare();
    }

    /** Fewer pixels where a slow machine would otherwise miss its sixty pictures a second. */
    spare() {
      this.slow = this.cost > 14 ? this.slow + 1 : 0;
      if (this.slow < 20 || this.ratio <= 1) return;
      this.slow = 0;
      this.sharpest = Math.max(1, this.ratio * 0.75);
      this.resize();
    }

    caption() {
      const { epochs } = this.scene;
      const at = Math.round(this.when);
      const text = `epoch ${epochs[at]} of ${epochs[this.last]}`;
      if (this.slider.getAttribute("aria-valuetext") !== text) {
        this.slider.value = at;
        this.slider.setAttribute("aria-valuetext", text);
        this.clock.textContent = `Epoch ${epochs[at]} / ${epochs[this.last]}`;
        this.slider.style.setProperty("--swarm-done", `${this.last ? (100 * at) / this.last : 100}%`);
        if (this.bee !== null && !this.playing) this.tell();
      }
    }
  }

  /* ---- Mounting ---- */

  async function mount(figure) {
    if (figure.dataset.state) return;
    figure.dataset.state = "loading";
    try {
      const scene = await load(figure);
      const names = Object.keys(scene.arrays);
      const unpacked = await Promise.all(names.map((name) => unpack(scene.arrays[name])));
      const arrays = Object.fromEntries(names.map((name, at) => [name, unpacked[at]]));
      const start = () => {
        figure.dataset.state = "ready";
        figure.player = new SwarmPlayer(figure, scene, arrays);
        return figure.player;
      };
      if (figure.dataset.asked) begin(start());
      else whenHidden(figure, start);
    } catch (error) {
      figure.dataset.state = "failed";
      figure.querySelector(".swarm-player__start").hidden = true;
      const hint = figure.querySelector(".swarm-player__hint");
      hint.hidden = false;
      hint.setAttribute("role", "alert");
      hint.textContent = `The interactive player could not start (${error.message}). The picture shows the last epoch.`;
    }
  }

  /** The reader asked for it: the slider gets the focus, and the swarm flies. */
  function begin(player) {
    player.slider.focus({ preventScroll: true });
    if (!calm.matches) player.setPlaying(true);
  }

  /** Mount out of sight, so that nothing moves under the reader's eyes; else wait for a click. */
  function whenHidden(figure, start) {
    const button = figure.querySelector(".swarm-player__start");
    const rectangle = figure.getBoundingClientRect();
    if (rectangle.top >= innerHeight || rectangle.bottom <= 0) return void start();
    button.addEventListener("click", () => begin(start()), { once: true });
  }

  function prepare(figure) {
    if (figure.dataset.prepared) return;
    figure.dataset.prepared = "yes";
    const button = figure.querySelector(".swarm-player__start");
    const hint = figure.querySelector(".swarm-player__hint");
    hint.hidden = false;
    if (typeof DecompressionStream === "undefined" || typeof OffscreenCanvas === "undefined") {
      hint.textContent = "This browser is too old for the interactive player; the picture shows the last epoch.";
      return;
    }
    button.hidden = false;
    button.addEventListener("click", () => {
      figure.dataset.asked = "yes"; // heeded, too, if it is loading by itself already
      button.textContent = "Loading the swarm …";
      button.disabled = true;
      mount(figure);
    }, { once: true });
    if (navigator.connection?.saveData || !figure.dataset.src) return;
    let first = true;
    const near = new IntersectionObserver(([entry]) => {
      // What is in sight as the page opens waits for the button; what lies below loads as it nears.
      const inSight = entry.boundingClientRect.top < innerHeight && entry.boundingClientRect.bottom > 0;
      if (first && inSight) near.disconnect();
      else if (entry.isIntersecting) {
        near.disconnect();
        mount(figure);
      }
      first = false;
    }, { rootMargin: "900px 0px" });
    near.observe(figure);
  }

  function scan(root = document) {
    root.querySelectorAll(".swarm-player").forEach(prepare);
  }

  // Paper wants the pictures of all players, also of those not yet scrolled to.
  const printable = () => document.querySelectorAll('.swarm-player__poster--light img[loading="lazy"]')
    .forEach((picture) => { picture.loading = "eager"; });
  const whenIdle = window.requestIdleCallback ?? ((call) => setTimeout(call, 2000));
  if (!navigator.connection?.saveData) {
    if (document.readyState === "complete") whenIdle(printable);
    else addEventListener("load", () => whenIdle(printable), { once: true });
  }
  addEventListener("beforeprint", printable);

  shared.player = { scan };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => scan());
  else scan();
})();
