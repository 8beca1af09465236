// The exact GAN on six letters: best discriminator, then the generator's step, with and without
// KL(q ‖ q°).  The functions are those of onekl.chapters.gan.tables and
// onekl.chapters.gan.alternation, and a test holds the two together.

// su-18: D*(x) = p̃/(p̃ + q), and 0 where both are 0.
export const discriminator = (p, q) => p.map((v, x) => (v + q[x] > 0 ? v / (v + q[x]) : 0));

// su-14 at D*: KL(m ‖ p̃), m = (p̃ + q)/2.
export const objective = (p, q) => sum(p.map((v, x) => klDiv((v + q[x]) / 2, v)));

// The minimiser of su-19, D q°/Z; without the term all mass on the first of the letters where D is
// largest.  null when D = 0 wherever q° has mass: with the term every q has loss ∞ then.
export function exactStep(d, old, term) {
  if (!term) {
    const best = d.indexOf(Math.max(...d));
    return d.map((_, x) => (x === best ? 1 : 0));
  }
  const weights = d.map((v, x) => v * old[x]);
  return sum(weights) > 0 ? scaled(weights) : null;
}

function logSoftmax(logits) {
  const total = logSumExp(logits);
  return logits.map((l) => l - total);
}

// One gradient step in softmax logits; `slope(now)` is the loss's derivative in each probability,
// up to a constant, at their logarithms.
function logitStep(logits, slope, size) {
  const now = logSoftmax(logits);
  const q = now.map(Math.exp);
  const slopes = slope(now);
  const mean = sum(slopes.map((v, i) => v * q[i]));
  return logits.map((l, i) => l - size * q[i] * (slopes[i] - mean));
}

// count gradient steps of one size in softmax logits, D frozen.
// Letters without mass, and those with D = 0, have the logit −∞.
export function partialStep(d, old, count, size, term) {
  const held = [...d.keys()].filter((x) => old[x] > 0 && d[x] > 0);
  if (!held.length) return null;
  let logits = scaled(held.map((x) => old[x])).map(Math.log);
  const before = logSoftmax(logits);
  const loss = held.map((x) => -Math.log(d[x]));
  const slope = (now) => loss.map((v, i) => v + (term ? now[i] - before[i] : 0));
  for (let step = 0; step < count; step++) logits = logitStep(logits, slope, size);
  const q = scaled(logSoftmax(logits).map(Math.exp));
  return d.map((_, x) => (held.includes(x) ? q[held.indexOf(x)] : 0));
}

const SIZE = 1; // of a gradient step

// The generator's next q: the exact step when count is null.
function next(p, q, term, count) {
  const d = discriminator(p, q);
  return count === null ? exactStep(d, q, term) : partialStep(d, q, count, SIZE, term);
}

// q and the objective at t = 0, 1, …, steps; q stays where it is when there is no step.
export function alternate(p, start, steps, term, count) {
  const qs = [start];
  while (qs.length <= steps) qs.push(next(p, qs.at(-1), term, count) ?? qs.at(-1));
  return { q: qs, objective: qs.map((q) => objective(p, q)) };
}

const STEPS = 40;
const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200]; // gradient steps that the reader chooses from
const [FLOOR, TOP] = [-16, 1]; // the ends of the logarithmic axis, as powers of ten
const LETTERS = [0, 1, 2, 3, 4, 5];

const ROWS = {
  p: { label: "<i>p̃</i>", ink: "p", drag: "p̃" },
  q: { label: "<i>q</i>", ink: "q", drag: "q" },
  d: { label: "<i>D</i>*", ink: "d" },
  next: { label: "next", ink: "q" },
};

function tileHtml(row, x) {
  const { ink, drag } = ROWS[row];
  const place = { "data-row": row, "data-x": x };
  if (!drag)
    return tileBoxHtml({ class: `okl-tile okl-sum okl-low okl-panel okl-${ink}`, ...place });
  return tileBoxHtml({
    class: `okl-tile okl-panel okl-${ink}`,
    ...sliderRole(`${drag}(x${x + 1})`),
    "aria-orientation": "vertical",
    ...place,
  });
}

const rowHtml = (row) => headHtml(ROWS[row].label) + LETTERS.map((x) => tileHtml(row, x)).join("");

const GRID = `
  <div class="okl-grid okl-six">
    <span></span>${LETTERS.map((x) => headHtml(letterHtml("x", x + 1))).join("")}
    ${Object.keys(ROWS).map(rowHtml).join("")}
  </div>`;

const PICTURE =
  "the objective along the iterations, with and without the term, on a logarithmic axis";

const HTML = `
  <div class="okl-columns okl-stack">
    <div>
      ${GRID}
      <p class="okl-note">
        Drag a tile of <i>p̃</i> or <i>q</i> up or down, or focus it and press the arrow keys.
        The dashed line is the other table's value, and <i>p̃</i>'s in the row "next":
        the <i>q</i> that the step would make.
      </p>
    </div>
    <div>
      ${legendHtml([
        ["marginal", "with the term"],
        ["remainder", "without (dashed)"],
      ])}
      <svg class="okl-curves" role="img" aria-label="${PICTURE}"></svg>
      ${valueHtml("objective", "objective KL(<i>m</i> ‖ <i>p̃</i>), nats")}
      ${valueHtml("factor", "its factor in the last step")}
      ${valueHtml("z", "<i>Z</i> = Σ <i>D</i>* <i>q</i>")}
    </div>
  </div>
  ${sliderRowHtml("t", { label: "iteration <i>t</i>", min: 0, max: STEPS, step: 1 })}
  <div class="okl-buttons">
    ${buttonHtml("step", "step")}
    ${buttonHtml("run", "run", { class: "okl-run" })}
    ${buttonHtml("reset", "reset")}
    ${buttonHtml("missing", "a missing letter")}
    ${buttonHtml("dead", "a dead letter")}
  </div>
  <div class="okl-buttons">
    ${switchHtml("term", "with the term KL(<i>q</i> ‖ <i>q</i>°)")}
    ${switchHtml("partial", "gradient steps (of size 1, in logits)")}
  </div>
  ${sliderRowHtml("k", { label: "steps <i>k</i>", min: 0, max: COUNTS.length - 1, step: 1 })}
  <p class="okl-status okl-long" aria-live="polite"></p>`;

const BELOW = -1; // a dashed line out of sight

function drawTiles(el, tables) {
  const { p, q } = tables;
  const none = p.map(() => BELOW);
  const others = { p: q, q: p, d: none, next: p };
  for (const tile of el.querySelectorAll(".okl-tile")) {
    const { row, x } = tile.dataset;
    fillTile(tile, tables[row][x], others[row][x]);
  }
}

function tickText(exponent) {
  if (exponent === 0) return "1";
  return `${exponent === FLOOR ? "≤ " : ""}1e−${-exponent}`;
}

function drawCurves(svg, paths, { t, term }) {
  const plot = new Plot(svg, {
    height: 220,
    x: [0, STEPS],
    y: [FLOOR, TOP],
    margin: { top: 8, left: 60 },
  });
  const exponents = [0, -4, -8, -12, -16];
  for (const exponent of exponents) plot.rule(exponent);
  plot.yTicks(exponents.map((exponent) => [exponent, tickText(exponent)]));
  plot.xTicks([0, 10, 20, 30, 40]);
  drawTrace(plot, "with", paths.with.objective, t, term);
  drawTrace(plot, "without", paths.without.objective, t, !term);
  plot.show();
}

// The whole curve is faint, and the part up to t is drawn over it.
function drawTrace(plot, kind, values, t, active) {
  const ink = kind === "with" ? "marginal" : "remainder";
  const points = values.map((v, i) => [i, clip(Math.log10(v), FLOOR, TOP)]);
  plot.group({ class: `okl-trace okl-${ink}`, "data-path": kind }, () => {
    plot.curve(points, { class: "okl-faint" });
    plot.curve(points.slice(0, t + 1));
    plot.dot(points[t], active ? 5.5 : 3.5, { class: "okl-dot" });
  });
}

// The objective has its digits however small it is (klDiv), so nothing is rounded to 0.
const number = (v) => readable(v, { noise: 0 });

function drawNumbers(el, { path, t, z }) {
  const before = path.objective[t - 1];
  const factor = Number.isFinite(before) ? path.objective[t] / before : NaN;
  showValues(el, {
    objective: number(path.objective[t]),
    factor: number(factor),
    z: number(z),
  });
}

function drawControls(el, { t, term, partial, k }, running) {
  showSlider(el, "t", t, t);
  showSlider(el, "k", k, COUNTS[k]);
  showSwitch(el, "term", term);
  showSwitch(el, "partial", partial);
  el.querySelector("[data-key=k]").disabled = !partial;
  el.querySelector("[data-do=step]").disabled = t === STEPS;
  el.querySelector("[data-do=run]").textContent = running ? "pause" : "run";
}

const THEN = {
  exact:
    "The step makes D* q/Z: each difference of two values of p̃/q shrinks by exactly Z, " +
    "which is at most ½.",
  alone:
    "An exact step without the term puts all mass where D* is largest, " +
    "here on the first such letter. " +
    "There D* falls, so it jumps again, for ever.",
  partial: "Gradient steps with the term go towards the exact step; the more of them, the nearer.",
  partialAlone:
    "Gradient steps without the term go towards a point mass; " +
    "few of them stay near q, many collapse.",
  one:
    "One gradient step per D: KL(q ‖ q°) has gradient 0 where it starts, " +
    "so the term changes nothing.",
};

function kindOf(term, count) {
  if (count === null) return term ? "exact" : "alone";
  if (count === 1) return "one";
  return term ? "partial" : "partialAlone";
}

const names = (letters) => letters.map((x) => `x${"₁₂₃₄₅₆"[x]}`).join(", ");
const onlyIn = (a, b) => LETTERS.filter((x) => a[x] > 0 && !(b[x] > 0));

// What is to be said of letters that only one of the tables has.
function aside(p, q, kind) {
  const dead = onlyIn(q, p);
  const missing = onlyIn(p, q);
  if (dead.length)
    return (
      `${names(dead)}: q has mass where p̃ has none, so the objective is ∞ now; ` +
      "the step removes it. "
    );
  if (missing.length && kind !== "alone")
    return `${names(missing)}: q has no mass, and gets none by this step, for ever. `;
  return "";
}

function explain({ p, q, term, count }) {
  const kind = kindOf(term, count);
  const disjoint = q.every((v, x) => v * p[x] === 0);
  if (disjoint && kind !== "alone")
    return (
      "p̃ and q share no letter: D* = 0 wherever q has mass, so every step from here has " +
      "the loss ∞. Give them a common letter."
    );
  return aside(p, q, kind) + THEN[kind];
}

// Calls tick five times a second, from start to stop.
function metronome(tick) {
  let timer = null;
  return {
    running: () => timer !== null,
    start() {
      timer = setInterval(tick, 200);
    },
    stop() {
      clearInterval(timer);
      timer = null;
    },
  };
}

const SETTINGS = { t: 0, term: true, partial: false, k: 3 }; // at the start

function render({ model, el }) {
  const start = { p: model.get("p"), q: model.get("q") };
  const local = { ...SETTINGS };
  let paths;
  fill(el, HTML);

  const count = () => (local.partial ? COUNTS[local.k] : null);
  const pathNow = () => (local.term ? paths.with : paths.without);
  const tables = () => ({ p: model.get("p"), q: pathNow().q[local.t] });
  const draw = () => {
    const { p, q } = tables();
    const { t, term } = local;
    const d = discriminator(p, q);
    drawTiles(el, { p, q, d, next: next(p, q, term, count()) ?? q });
    drawCurves(el.querySelector(".okl-curves"), paths, local);
    drawNumbers(el, { path: pathNow(), t, z: sum(d.map((v, x) => v * q[x])) });
    drawControls(el, local, clock.running());
    say(el, explain({ p, q, term, count: count() }));
  };
  const redo = () => {
    const along = (term) => alternate(model.get("p"), model.get("q"), STEPS, term, count());
    paths = { with: along(true), without: along(false) };
    draw();
  };
  const forward = () => {
    if (local.t < STEPS) local.t += 1;
    if (local.t === STEPS) clock.stop();
    draw();
  };
  const clock = metronome(forward);
  // whatever is drawn becomes the new start
  const set = (values) => {
    clock.stop();
    local.t = 0;
    update(model, values);
  };
  onButtons(el, {
    step() {
      clock.stop();
      forward();
    },
    run() {
      if (clock.running()) clock.stop();
      else if (matchMedia("(prefers-reduced-motion: reduce)").matches) local.t = STEPS;
      else {
        if (local.t === STEPS) local.t = 0;
        clock.start();
      }
      draw();
    },
    reset() {
      clock.stop();
      Object.assign(local, SETTINGS);
      updateAndDraw(model, start, redo);
    },
    missing: () => set({ p: start.p, q: withValue(start.q, 2, 0) }),
    dead: () => set({ p: withValue(start.p, 4, 0), q: start.q }),
  });
  onSliders(el, (key, value) => {
    clock.stop();
    local[key] = value;
    redo();
  });
  onSwitches(el, (key, on) => {
    local[key] = on;
    redo();
  });
  for (const tile of el.querySelectorAll("[role=slider]")) {
    const { row, x } = tile.dataset;
    const hold = () => {
      const held = tables();
      const table = held[row];
      return { value: table[x], set: (v) => set({ ...held, [row]: withValue(table, +x, v) }) };
    };
    draggable(tile, hold, (right, up) => up / tile.clientHeight);
  }
  const end = redrawWhen(model, ["p", "q"], el, draw, redo);
  return () => {
    clock.stop();
    end();
  };
}

export default { render };
