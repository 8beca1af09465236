// A drawing with axes in an SVG.  The data's units go in; `x` and `y` turn them into pixels.
//
//   const plot = new Plot(svg, { height: 174, x: [0, 2], y: [0, 1], margin: { left: 40 } });
//   plot.xAxis([0, 1, 2], "σ");
//   plot.curve(points, { class: "okl-curve" });
//   plot.dot([1, 0.5], 5, { class: "okl-now" });
//   plot.show();
//
// The same class was written with d3-scale, d3-axis, d3-shape, d3-selection and d3-format first: 30
// lines fewer, for 46 kB more in every page (17 kB compressed), where all these files are 14 kB.
// And d3-drag knows no keys, and d3-format no typographic minus in an exponent.

const path = (points) => `M${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}`;

const attributes = (values) =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join("");

// The map that takes the two ends of `from` to those of `to`.
const linear = (from, to) => (v) => to[0] + ((v - from[0]) / (from[1] - from[0])) * (to[1] - to[0]);

class Plot {
  // height and margin in pixels; the width is the one that the page gives (0 while the page is not
  // laid out), or a fixed one: then the page scales the drawing.
  constructor(svg, { width = svg.clientWidth || 340, height, x, y, margin = {} }) {
    const { top = 10, right = 8, bottom = 24, left = 8 } = margin;
    this.svg = svg;
    this.width = width;
    this.left = left;
    this.right = width - right;
    this.floor = height - bottom;
    this.x = linear(x, [left, this.right]);
    this.y = linear(y, [this.floor, top]);
    this.marks = [];
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  }

  at([x, y]) {
    return [this.x(x), this.y(y)];
  }

  add(tag, values, content = "") {
    this.marks.push(`<${tag}${attributes(values)}>${content}</${tag}>`);
  }

  curve(points, look) {
    this.add("path", { d: path(points.map((point) => this.at(point))), ...look });
  }

  // The curve, and what lies between it and the height `base`.
  area(points, base, look) {
    const [first, last] = [points[0], points.at(-1)];
    this.curve([[first[0], base], ...points, [last[0], base]], look);
  }

  segment(from, to, look) {
    const [x1, y1] = this.at(from);
    const [x2, y2] = this.at(to);
    this.add("line", { x1, y1, x2, y2, ...look });
  }

  dot(point, r, look) {
    const [cx, cy] = this.at(point);
    this.add("circle", { cx, cy, r, ...look });
  }

  // `look` may shift the text by dx and dy pixels.
  text(point, content, look = {}) {
    const [x, y] = this.at(point);
    this.add("text", { x, y, ...look }, content);
  }

  // A line across the whole plot at a height in the data's units.
  rule(height) {
    const y = this.y(height);
    this.add("line", { class: "okl-rule", x1: this.left, x2: this.right, y1: y, y2: y });
  }

  // A tick is a number, or a pair of a number and its text.  The axis lies at the plot's lower end.
  xAxis(ticks, name) {
    const [floor, right] = [this.floor, this.right];
    this.add("line", { class: "okl-rule", x1: this.left, x2: right, y1: floor, y2: floor });
    this.xTicks(ticks);
    this.add("text", { x: right, y: floor - 6, "text-anchor": "end" }, name);
  }

  xTicks(ticks) {
    for (const tick of ticks) {
      const [value, text] = Array.isArray(tick) ? tick : [tick, minus(tick)];
      this.add("text", { x: this.x(value), y: this.floor + 18, "text-anchor": "middle" }, text);
    }
  }

  yTicks(ticks) {
    for (const tick of ticks) {
      const [value, text] = Array.isArray(tick) ? tick : [tick, minus(tick)];
      const [x, y] = [this.left - 6, this.y(value) + 4];
      this.add("text", { class: "okl-tick", x, y, "text-anchor": "end" }, text);
    }
  }

  // What `draw` draws, as one element.
  group(look, draw) {
    const outer = this.marks;
    this.marks = [];
    draw();
    const inner = this.marks.join("");
    this.marks = outer;
    this.add("g", look, inner);
  }

  show() {
    this.svg.innerHTML = this.marks.join("");
  }
}
