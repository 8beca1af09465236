// AAE with two letters (su-33, su-34): what the reconstruction error does to the minimum of the
// adversarial objective.  Data (1 − d, d) on x = 0, 1 and prior (1 − c, c) on z = 0, 1; x = 1 goes
// to z = 1, and x = 0 goes there with probability a.

// p(z = 1), in which everything else is written.
const inOne = (a, d) => d + (1 - d) * a;

// KL(m ‖ q(z)) in nats, m = ½(p(z) + q(z)): the objective at the optimal discriminator.
export function adversarial(a, d, c) {
  const m = (inOne(a, d) + c) / 2;
  return klDiv(m, c) + klDiv(1 - m, 1 - c);
}

// The least squared error of a decoder from z to x: z = 0 holds only x = 0, and z = 1 both.
export const error = (a, d) => (d * (1 - d) * a) / inOne(a, d);

export const total = (a, lam, d, c) => adversarial(a, d, c) + lam * error(a, d);

// The derivative of total in a.
export function slope(a, lam, d, c) {
  const p = inOne(a, d);
  const m = (p + c) / 2;
  const logOdds = Math.log((m * (1 - c)) / ((1 - m) * c));
  return ((1 - d) * logOdds) / 2 + (lam * d ** 2 * (1 - d)) / p ** 2;
}

// The a in [0, 1] where total is least.  It may have two local minima, so the best of a grid comes
// first, then bisection of the slope.
export function minimiser(lam, d, c) {
  const points = grid(0, 1, 400);
  const values = points.map((a) => total(a, lam, d, c));
  const best = values.indexOf(Math.min(...values));
  const falls = (a) => slope(a, lam, d, c) < 0;
  return falls(points[best])
    ? bisect(falls, points[best], points[Math.min(400, best + 1)])
    : bisect(falls, points[Math.max(0, best - 1)], points[best]);
}

const SLIDERS = {
  lam: { label: "weight <i>λ</i>", min: 0, max: 1, step: 0.005, digits: 3 },
  d: { label: "<i>d</i> = <i>p̃</i>(1)", min: 0.05, max: 0.95, step: 0.01, digits: 2 },
  c: { label: "<i>c</i> = <i>q</i>(1)", min: 0.05, max: 0.95, step: 0.01, digits: 2 },
};

const CURVES =
  "adversarial objective, squared error and weighted sum as functions of a; " +
  "a ring at the minimum of the sum, a diamond at that of the adversarial objective";

const tileHtml = (z) => tileBoxHtml({ class: "okl-tile okl-sum okl-panel okl-p", "data-z": z });

const HTML = `
  ${legendHtml([
    ["p", "adversarial objective KL(<i>m</i> ‖ <i>q</i>(<i>z</i>))"],
    ["q", "squared error (dashed)"],
    ["whole", "their sum, the error times <i>λ</i> (thick)"],
  ])}
  <svg class="okl-curves" role="img" aria-label="${CURVES}"></svg>
  <p class="okl-note">
    <i>x</i> = 1 goes to <i>z</i> = 1;
    <i>x</i> = 0 goes there with probability <i>a</i>, else to <i>z</i> = 0.
    The ring is the minimum of the sum, the diamond that of the adversarial objective alone.
    The letters are the numbers 0 and 1 here. One-hot vectors, as in the page's table, have twice
    the squared error, so <i>λ</i> here is twice the table's <i>λ</i>.
  </p>
  ${Object.keys(SLIDERS)
    .map((key) => sliderRowHtml(key, SLIDERS[key]))
    .join("")}
  <div class="okl-buttons">
    ${buttonHtml("equal", "make <i>c</i> = <i>d</i>")}
    ${buttonHtml("reset", "reset")}
  </div>
  <div class="okl-columns okl-stack">
    <div>
      <div class="okl-title">the best <i>a</i> for each <i>λ</i></div>
      <svg class="okl-best-a" role="img" aria-label="the minimiser a as a function of λ"></svg>
    </div>
    <div>
      <div class="okl-grid okl-two">
        <span></span>
        ${headHtml("<i>z</i> = 0")}
        ${headHtml("<i>z</i> = 1")}
        ${headHtml("<i>p</i>(<i>z</i>)")}
        ${tileHtml(0)}
        ${tileHtml(1)}
      </div>
      <p class="okl-note">
        The encoder's <i>p</i>(<i>z</i>) at the best <i>a</i>;
        dashed, the prior <i>q</i>(<i>z</i>).
      </p>
    </div>
    <div>
      ${valueHtml("a", "best <i>a</i>")}
      ${valueHtml("alone", "best <i>a</i> at <i>λ</i> = 0")}
      ${valueHtml("p", "<i>p</i>(<i>z</i>)")}
      ${valueHtml("q", "<i>q</i>(<i>z</i>)")}
      ${valueHtml("adversarial", "KL(<i>m</i> ‖ <i>q</i>(<i>z</i>)), nats")}
      ${valueHtml("error", "squared error")}
    </div>
  </div>
  <p class="okl-status okl-long" aria-live="polite"></p>`;

const pair = (one) => `(${fixed(1 - one, 3)}, ${fixed(one, 3)})`;

// A ring at the minimum of the sum, a diamond at that of the adversarial objective alone.
function drawCurves(svg, { lam, d, c }, best, alone) {
  const curve = (f) => grid(0, 1, 200).map((a) => [a, f(a)]);
  const curves = {
    adversarial: curve((a) => adversarial(a, d, c)),
    error: curve((a) => error(a, d)),
    total: curve((a) => total(a, lam, d, c)),
  };
  const heights = Object.values(curves).flatMap((points) => points.map(([, height]) => height));
  const top = Math.max(...heights);
  const plot = new Plot(svg, {
    height: 194,
    x: [0, 1],
    y: [0, top],
    margin: { top: 12, right: 12, left: 40 },
  });
  const trace = (key, ink, look = {}) =>
    plot.group({ class: `okl-trace okl-${ink}` }, () =>
      plot.curve(curves[key], { "data-path": key, ...look }),
    );
  plot.xAxis([0, 0.2, 0.4, 0.6, 0.8, 1], "a");
  plot.yTicks([[0, 0], ...[top / 2, top].map((v) => [v, fixed(v, 2)])]);
  trace("adversarial", "p");
  trace("error", "q", { class: "okl-dashed" });
  plot.curve(curves.total, { "data-path": "total", class: "okl-whole okl-thick" });
  const least = [best, total(best, lam, d, c)];
  plot.segment(least, [best, 0], { class: "okl-ray" });
  const [x, y] = plot.at([alone, adversarial(alone, d, c)]);
  plot.add("path", { class: "okl-diamond", d: `M${x},${y - 7}l7,7l-7,7l-7,-7Z` });
  plot.dot(least, 6, { class: "okl-best" });
  plot.show();
}

// Pieces of the curve λ ↦ a: where the minimum jumps from one valley to another there is no line.
function pieces(points) {
  const lists = [];
  for (const [i, point] of points.entries()) {
    const jumps = i === 0 || Math.abs(point[1] - points[i - 1][1]) > 0.08;
    if (jumps) lists.push([]);
    lists.at(-1).push(point);
  }
  return lists;
}

function drawBest(svg, { lam, d, c }, best) {
  const plot = new Plot(svg, {
    height: 134,
    x: [0, SLIDERS.lam.max],
    y: [0, 1],
    margin: { right: 10, left: 30 },
  });
  const points = grid(0, SLIDERS.lam.max, 100).map((l) => [l, minimiser(l, d, c)]);
  const paths = pieces(points).map((piece) => path(piece.map((point) => plot.at(point))));
  plot.xAxis([0, 0.5, 1], "λ");
  plot.yTicks([0, 0.5, 1]);
  plot.add("path", { class: "okl-whole okl-thick", "data-path": "best", d: paths.join("") });
  plot.dot([lam, best], 6, { class: "okl-best" });
  plot.show();
}

function drawTiles(el, inEncoder, inPrior) {
  for (const tile of el.querySelectorAll(".okl-tile")) {
    const share = (one) => (tile.dataset.z === "1" ? one : 1 - one);
    fillTile(tile, share(inEncoder), share(inPrior), 3);
  }
}

function drawNumbers(el, { d, c }, best, alone) {
  showValues(el, {
    a: fixed(best, 4),
    alone: fixed(alone, 4),
    p: pair(inOne(best, d)),
    q: pair(c),
    adversarial: readable(adversarial(best, d, c)),
    error: readable(error(best, d)),
  });
}

function explain({ lam, d, c }, best, alone) {
  if (Math.abs(c - d) < 1e-9)
    return (
      "c = d: at a = 0 each x has its own z, so p(z) = q(z) and the error is 0. " +
      "One point is best for both, whatever λ is."
    );
  if (c < d)
    return (
      "c < d: x = 1 alone brings more to z = 1 than the prior has there. " +
      "Both are least at a = 0, so λ changes nothing, " +
      "but the adversarial objective does not reach 0."
    );
  const there =
    `At the adversarial minimum, a = ${fixed(alone, 4)}, p(z) = q(z), ` +
    `but the error is ${fixed(error(alone, d), 4)} and still grows with a`;
  if (lam === 0) return `${there}. Without weight it has no say.`;
  const place =
    best === 0
      ? "all the way to a = 0, where p(z) = p̃."
      : `to a = ${fixed(best, 4)}, where p(z) is no longer q(z).`;
  const rise = readable(slope(alone, lam, d, c));
  return `${there}: the slope of the sum is ${rise}. So λ moves the minimum ${place}`;
}

function render({ model, el }) {
  const state = () => ({ lam: model.get("lam"), d: model.get("d"), c: model.get("c") });
  const start = state();
  fill(el, HTML);

  const draw = () => {
    const now = state();
    const best = minimiser(now.lam, now.d, now.c);
    const alone = minimiser(0, now.d, now.c);
    drawCurves(el.querySelector(".okl-curves"), now, best, alone);
    drawBest(el.querySelector(".okl-best-a"), now, best);
    drawTiles(el, inOne(best, now.d), now.c);
    drawNumbers(el, now, best, alone);
    for (const [key, { digits }] of Object.entries(SLIDERS))
      showSlider(el, key, now[key], fixed(now[key], digits));
    say(el, explain(now, best, alone));
  };
  onSliders(el, (key, value) => update(model, { [key]: value }));
  onButtons(el, {
    equal: () => update(model, { c: model.get("d") }),
    reset: () => update(model, start),
  });
  return redrawWhen(model, Object.keys(start), el, draw);
}

export default { render };
