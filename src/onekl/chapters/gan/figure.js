// The exact GAN on six letters: best discriminator, then the generator's step, with and without KL(q ‖ q°).
// The functions are those of onekl.finite, with its conventions, and a test holds the two together.

// su-18: D*(x) = p̃/(p̃ + q), and 0 where both are 0.
export const discriminator = (p, q) => p.map((v, x) => (v + q[x] > 0 ? v / (v + q[x]) : 0));

// su-14 at D*: KL(m ‖ p̃), m = (p̃ + q)/2.
export const objective = (p, q) => sum(p.map((v, x) => klDiv((v + q[x]) / 2, v)));

// The minimiser of su-19, D q°/Z; without the term all mass on the first of the letters where D is largest.
// null when D = 0 wherever q° has mass: with the term every q has loss ∞ then.
export function exactStep(d, old, term) {
  if (!term) return d.map((_, x) => (x === d.indexOf(Math.max(...d)) ? 1 : 0));
  const weights = d.map((v, x) => v * old[x]);
  return sum(weights) > 0 ? scaled(weights) : null;
}

function logSoftmax(logits) {
  const largest = Math.max(...logits), shifted = logits.map((l) => l - largest);
  const log = Math.log(sum(shifted.map(Math.exp)));
  return shifted.map((l) => l - log);
}

// count gradient steps of one size in softmax logits, D frozen.
// Letters without mass, and those with D = 0, have the logit −∞.
export function partialStep(d, old, count, size, term) {
  const held = [...d.keys()].filter((x) => old[x] > 0 && d[x] > 0);
  if (!held.length) return null;
  let logits = scaled(held.map((x) => old[x])).map(Math.log);
  const before = logSoftmax(logits), loss = held.map((x) => -Math.log(d[x]));
  for (let step = 0; step < count; step++) {
    const now = logSoftmax(logits), q = now.map(Math.exp);
    const slope = loss.map((v, i) => v + (term ? now[i] - before[i] : 0));
    const mean = sum(slope.map((v, i) => v * q[i]));
    logits = logits.map((l, i) => l - size * q[i] * (slope[i] - mean));
  }
  const q = scaled(logSoftmax(logits).map(Math.exp));
  return d.map((_, x) => (held.includes(x) ? q[held.indexOf(x)] : 0));
}

// The generator's next q: the exact step when count is null.
function next(p, q, term, count) {
  const d = discriminator(p, q);
  return count === null ? exactStep(d, q, term) : partialStep(d, q, count, SIZE, term);
}

// q and the objective at t = 0, 1, …, steps; q stays where it is when there is no step.
export function alternate(p, start, steps, term, count) {
  const path = [start];
  while (path.length <= steps) path.push(next(p, path.at(-1), term, count) ?? path.at(-1));
  return { q: path, objective: path.map((q) => objective(p, q)) };
}

// The list with one value set, in [0, 1]; the others keep their proportions and share the rest (equally, when all are 0).
export function withCell(list, x, value) {
  const v = clip(value, 0, 1), others = sum(list) - list[x];
  const left = sum(list.filter((_, i) => i !== x));
  return list.map((old, i) => (i === x ? v : left > 0 ? (old / left) * (1 - v) : (1 - v) / (list.length - 1)));
}

const STEPS = 40, SIZE = 1, COUNTS = [1, 2, 5, 10, 20, 50, 100, 200];
const FLOOR = -16, TOP = 1;  // the ends of the log axis, as powers of ten
const letters = (html) => [0, 1, 2, 3, 4, 5].map(html).join("");
const name = (x) => `x${"₁₂₃₄₅₆"[x]}`;
const names = (list) => list.map(name).join(", ");
const number = (v) => (v === Infinity ? "∞" : v === 0 || v >= 0.001 ? v.toFixed(4) : minus(v.toExponential(1)));

const ROWS = {
  p: { label: "<i>p̃</i>", drag: "p̃" },
  q: { label: "<i>q</i>", drag: "q" },
  d: { label: "<i>D</i>*" },
  next: { label: "next" },
};

function tileHtml(row, x) {
  const slider = ROWS[row].drag && `role="slider" tabindex="0" aria-orientation="vertical" aria-valuemin="0" aria-valuemax="1"
    aria-label="${ROWS[row].drag}(x${x + 1})"`;
  return `<div class="okl-tile ${slider ? "" : "okl-sum okl-low"} okl-panel okl-${row === "next" ? "q" : row}" ${slider ?? ""} data-row="${row}"
    data-x="${x}"><div class="okl-fill"></div><div class="okl-other"></div><span></span></div>`;
}

const GRID = `<div class="okl-grid okl-six"><span></span>${letters((x) => `<span class="okl-head"><i>x</i><sub>${x + 1}</sub></span>`)}
  ${Object.entries(ROWS).map(([row, { label }]) => `<span class="okl-head">${label}</span>${letters((x) => tileHtml(row, x))}`).join("")}</div>`;

const line = (key, label) => `<div class="okl-line"><span>${label}</span><output data-value="${key}"></output></div>`;

const HTML = `<div class="okl-columns okl-stack"><div>${GRID}
    <p class="okl-note">Drag a tile of <i>p̃</i> or <i>q</i> up or down, or focus it and press the arrow keys.
    The dashed line is the other table's value, and <i>p̃</i>'s in the row "next": the <i>q</i> that the step would make.</p></div>
  <div><div class="okl-legend"><span><b class="okl-swatch okl-marginal"></b>with the term</span>
    <span><b class="okl-swatch okl-remainder"></b>without (dashed)</span></div>
    <svg class="okl-curves" role="img" aria-label="the objective along the iterations, with and without the term, on a logarithmic axis"></svg>
    ${line("objective", "objective KL(<i>m</i> ‖ <i>p̃</i>), nats")}${line("factor", "its factor in the last step")}
    ${line("z", "<i>Z</i> = Σ <i>D</i>* <i>q</i>")}</div></div>
  <label class="okl-slider"><span>iteration <i>t</i></span><input type="range" data-key="t" min="0" max="${STEPS}" step="1"><output></output></label>
  <div class="okl-buttons"><button type="button" data-do="step">step</button><button type="button" data-do="run" class="okl-run">run</button>
    <button type="button" data-do="reset">reset</button><button type="button" data-do="missing">a missing letter</button>
    <button type="button" data-do="dead">a dead letter</button></div>
  <div class="okl-buttons"><label class="okl-switch"><input type="checkbox" role="switch" data-switch="term"><span>with the term KL(<i>q</i> ‖ <i>q</i>°)</span></label>
    <label class="okl-switch"><input type="checkbox" role="switch" data-switch="partial"><span>gradient steps (of size 1, in logits)</span></label></div>
  <label class="okl-slider"><span>steps <i>k</i></span><input type="range" data-key="k" min="0" max="${COUNTS.length - 1}" step="1"><output></output></label>
  <p class="okl-status okl-long" aria-live="polite"></p>`;

function drawTiles(el, tables) {
  for (const tile of el.querySelectorAll(".okl-tile")) {
    const { row, x } = tile.dataset, value = tables[row][x];
    tile.querySelector(".okl-fill").style.height = `${100 * value}%`;
    tile.querySelector(".okl-other").style.bottom = row === "d" ? "-4px" : `${100 * tables[row === "p" ? "q" : "p"][x]}%`;
    tile.querySelector("span").textContent = value.toFixed(2);
    if (!ROWS[row].drag) continue;
    tile.setAttribute("aria-valuenow", value);
    tile.setAttribute("aria-valuetext", value.toFixed(3));
  }
}

// The whole curve is faint, and the part up to t is drawn over it.
function drawCurves(svg, paths, { t, term }) {
  const width = svg.clientWidth || 330, left = 60, floor = 196, height = 188;
  const at = (i, v) => [left + ((width - left - 8) * i) / STEPS,
    floor - (height * (clip(Math.log10(v), FLOOR, TOP) - FLOOR)) / (TOP - FLOOR)];
  const trace = (values) => path(values.map((v, i) => at(i, v)));
  const curve = (values, kind) => {
    const ink = kind === "with" ? "okl-marginal" : "okl-remainder", [cx, cy] = at(t, values[t]);
    const active = (kind === "with") === term;
    return `<g class="okl-trace ${ink}" data-path="${kind}"><path class="okl-faint" d="${trace(values)}"/><path d="${trace(values.slice(0, t + 1))}"/>
      <circle class="okl-dot" cx="${cx}" cy="${cy}" r="${active ? 5.5 : 3.5}"/></g>`;
  };
  const ticks = [0, -4, -8, -12, -16].map((e) => {
    const y = at(0, 10 ** e)[1];
    return `<line class="okl-rule" x1="${left}" x2="${width - 8}" y1="${y}" y2="${y}"/>
      <text x="${left - 5}" y="${y + 4}" text-anchor="end">${e ? `${e === FLOOR ? "≤ " : ""}1e−${-e}` : 1}</text>`;
  });
  const times = [0, 10, 20, 30, 40].map((i) => `<text x="${at(i, 1)[0]}" y="${floor + 18}" text-anchor="middle">${i}</text>`);
  svg.setAttribute("viewBox", `0 0 ${width} 220`);
  svg.innerHTML = ticks.join("") + times.join("") + curve(paths.with.objective, "with") + curve(paths.without.objective, "without");
}

const THEN = {
  exact: "The step makes D* q/Z: each difference of two values of p̃/q shrinks by exactly Z, which is at most ½.",
  alone: "The exact step without the term puts all mass where D* is largest. There D* falls, so it jumps again, for ever.",
  partial: "Gradient steps with the term go towards the exact step; the more of them, the nearer.",
  partialAlone: "Gradient steps without the term go towards a point mass; few of them stay near q, many collapse.",
  one: "One gradient step per D: KL(q ‖ q°) has gradient 0 where it starts, so the term changes nothing.",
};

function explain({ p, q, term, count }) {
  const only = (a, b) => [...a.keys()].filter((x) => a[x] > 0 && !(b[x] > 0));
  const dead = only(q, p), missing = only(p, q);
  if (q.every((v, x) => v * p[x] === 0) && (term || count !== null))
    return "p̃ and q share no letter: D* = 0 wherever q has mass, so every step from here has the loss ∞. Give them a common letter.";
  const kind = count === null ? (term ? "exact" : "alone") : count === 1 ? "one" : term ? "partial" : "partialAlone";
  const first = dead.length ? `${names(dead)}: q has mass where p̃ has none, so the objective is ∞ now; the step removes it. `
    : missing.length && kind !== "alone" ? `${names(missing)}: q has no mass, and gets none by this step, for ever. ` : "";
  return first + THEN[kind];
}

function render({ model, el }) {
  const start = { p: model.get("p"), q: model.get("q") };
  const local = { t: 0, term: true, partial: false, k: 3 };
  let paths, timer = null;
  el.classList.add("onekl-figure");
  el.innerHTML = HTML;
  const find = (selector) => el.querySelector(selector);

  const now = () => {
    const { t, term, partial, k } = local, path = term ? paths.with : paths.without;
    return { p: model.get("p"), q: path.q[t], path, t, term, count: partial ? COUNTS[k] : null };
  };
  const draw = () => {
    const { p, q, path, t, term, count } = now(), d = discriminator(p, q), before = path.objective[t - 1];
    drawTiles(el, { p, q, d, next: next(p, q, term, count) ?? q });
    drawCurves(find(".okl-curves"), paths, local);
    const factor = Number.isFinite(before) ? path.objective[t] / before : NaN;
    const values = { objective: path.objective[t], factor, z: sum(d.map((v, x) => v * q[x])) };
    for (const [key, v] of Object.entries(values)) find(`[data-value=${key}]`).textContent = Number.isNaN(v) ? "–" : number(v);
    for (const input of el.querySelectorAll("[data-key]")) {
      input.value = local[input.dataset.key];
      input.parentElement.querySelector("output").textContent = input.dataset.key === "k" ? COUNTS[local.k] : t;
    }
    for (const input of el.querySelectorAll("[data-switch]")) input.checked = local[input.dataset.switch];
    find("[data-key=k]").disabled = !local.partial;
    find("[data-do=step]").disabled = t === STEPS;
    find("[data-do=run]").textContent = timer === null ? "run" : "pause";
    say(el, explain({ p, q, term, count }));
  };
  const redo = () => {
    const count = local.partial ? COUNTS[local.k] : null;
    const run = (term) => alternate(model.get("p"), model.get("q"), STEPS, term, count);
    paths = { with: run(true), without: run(false) };
    draw();
  };
  const pause = () => { clearInterval(timer); timer = null; };
  // whatever is drawn becomes the new start
  const set = (tables) => {
    pause();
    local.t = 0;
    for (const [key, table] of Object.entries(tables)) model.set(key, table);
    model.save_changes();  // the model's events draw
  };
  const forward = () => {
    if (local.t < STEPS) local.t += 1;
    if (local.t === STEPS) pause();
    draw();
  };
  const run = () => {
    if (timer !== null) pause();
    else if (matchMedia("(prefers-reduced-motion: reduce)").matches) local.t = STEPS;
    else { if (local.t === STEPS) local.t = 0; timer = setInterval(forward, 200); }
    draw();
  };
  const actions = {
    step: () => { pause(); forward(); },
    run,
    reset: () => { Object.assign(local, { term: true, partial: false, k: 3 }); set(start); redo(); },
    missing: () => set({ p: start.p, q: withCell(start.q, 2, 0) }),
    dead: () => set({ p: withCell(start.p, 4, 0), q: start.q }),
  };
  for (const button of el.querySelectorAll("button")) button.addEventListener("click", actions[button.dataset.do]);
  for (const tile of el.querySelectorAll("[role=slider]")) {
    const { row, x } = tile.dataset;
    const hold = () => {
      const { p, q } = now(), tables = { p, q };
      return { value: tables[row][x], set: (value) => set({ ...tables, [row]: withCell(tables[row], +x, value) }) };
    };
    draggable(tile, hold, (right, up) => up / tile.clientHeight);
  }
  for (const input of el.querySelectorAll("[data-key]"))
    input.addEventListener("input", () => { pause(); local[input.dataset.key] = Number(input.value); redo(); });
  for (const input of el.querySelectorAll("[data-switch]"))
    input.addEventListener("change", () => { local[input.dataset.switch] = input.checked; redo(); });
  model.on("change:p", redo);
  model.on("change:q", redo);
  const sized = new ResizeObserver(draw);
  redo();
  sized.observe(el);
  return () => { pause(); sized.disconnect(); };
}

export default { render };
