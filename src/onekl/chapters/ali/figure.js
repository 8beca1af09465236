// ALI on three letters of x and three of z: gradient steps of encoder and generator, with the discriminator at its optimum (su-39 to su-43).
// Tables are arrays [x][z].  a holds the logits of p(z|x), over z, and b those of q(x|z), over x.
// The steps are those of onekl.finite.ali, and a test holds the two together.

const LETTERS = [0, 1, 2];
const transposed = (table) => LETTERS.map((z) => table.map((row) => row[z]));
const softmax = (logits) => scaled(logits.map((l) => Math.exp(l - Math.max(...logits))));
const cells = (f) => LETTERS.map((x) => LETTERS.map((z) => f(x, z)));

// p(z|x), q(x|z) and the joint tables p(x, z) = p̃(x) p(z|x), q(x, z) = q(z) q(x|z).
export function tables(pData, prior, a, b) {
  const encoder = a.map(softmax), generator = transposed(transposed(b).map(softmax));
  return { encoder, generator, p: cells((x, z) => pData[x] * encoder[x][z]), q: cells((x, z) => prior[z] * generator[x][z]) };
}

// Each loss's slope per unit of p(x, z) and of q(x, z), as functions of r = q/p, with D = 1/(1 + r) and the old tables held.
const SLOPES = {
  "su-40": (r) => [Math.log1p(r) - r, Math.log1p(r)],
  "su-41": (r) => [Math.log1p(r), Math.log1p(r)],
  "su-42": (r) => [-Math.log1p(r), Math.log(r) - Math.log1p(r)],
  "su-43": (r) => [Math.log1p(1 / r), Math.log1p(r)],
};

// Both logits after one gradient step of size 1.
export function step(objective, pData, prior, a, b) {
  const { encoder, generator, p, q } = tables(pData, prior, a, b);
  const slopes = cells((x, z) => SLOPES[objective](q[x][z] / p[x][z]));
  const meanP = LETTERS.map((x) => sum(LETTERS.map((z) => encoder[x][z] * slopes[x][z][0])));
  const meanQ = LETTERS.map((z) => sum(LETTERS.map((x) => generator[x][z] * slopes[x][z][1])));
  return [cells((x, z) => a[x][z] - p[x][z] * (slopes[x][z][0] - meanP[x])), cells((x, z) => b[x][z] - q[x][z] * (slopes[x][z][1] - meanQ[z]))];
}

// Half the sum of the differences: of the joint tables, of q(x) and p̃(x), of p(z) and q(z).
export function mismatch(p, q) {
  const difference = cells((x, z) => p[x][z] - q[x][z]), half = (list) => sum(list.map(Math.abs)) / 2;
  return { joint: half(difference.flat()), x: half(difference.map(sum)), z: half(transposed(difference).map(sum)) };
}

// The objective su-36 at the optimal D: KL(m ‖ p), m = ½(p + q); and the mutual information of x and z under p.
export const objectiveAt = (p, q) => sum(p.flat().map((v, i) => klDiv((v + q.flat()[i]) / 2, v)));
export function information(p) {
  const x = p.map(sum), z = transposed(p).map(sum);
  return sum(cells((i, j) => klDiv(p[i][j], x[i] * z[j])).flat());
}

const TOPS = [0.1, 0.2, 0.4, 0.6, 0.8, 1];  // upper ends of the linear axis
const DEEPEST = 16;  // the logarithmic axis ends at 1e−16 at the latest

// The vertical axis for the values between least and most: linear from 0 while none is below 0.01, else logarithmic, from 1 down to the least.
// height(v) is 0 at the lower end and 1 at the upper; ticks are pairs of a value and its text.
export function axis(least, most) {
  if (least >= 0.01) {
    const top = TOPS.find((t) => t >= most) ?? 1;
    return { name: "linear", height: (v) => v / top, ticks: [0, top / 2, top].map((v) => [v, String(v)]) };
  }
  const decades = Math.min(DEEPEST, Math.ceil(-Math.log10(least))), every = Math.ceil(decades / 4), steps = Math.ceil(decades / every);
  const low = every * steps, text = (e) => (e < 3 ? String(10 ** -e) : `${e === DEEPEST ? "≤ " : ""}1e−${e}`);
  const ticks = [...Array(steps + 1).keys()].map((i) => [10 ** (-every * i), text(every * i)]);
  return { name: "logarithmic", height: (v) => 1 + clip(Math.log10(v), -low, 0) / low, ticks };
}

const UNIT = 60;  // the side of the square for probability 1, in pixels
const LOSSES = {
  "su-40": "complete: su-41 and two terms more, KL(<i>q</i>(<i>x</i>|<i>z</i>) ‖ <i>q</i>°(<i>x</i>|<i>z</i>)) and E<sub><i>q</i></sub> log(<i>p</i>°(<i>z</i>|<i>x</i>)/<i>p</i>(<i>z</i>|<i>x</i>))",
  "su-41": "the article's: −E<sub><i>p</i></sub> log <i>D</i> − E<sub><i>q</i></sub> log <i>D</i>",
  "su-42": "minimax: E<sub><i>p</i></sub> log <i>D</i> + E<sub><i>q</i></sub> log(1 − <i>D</i>)",
  "su-43": "labels exchanged: −E<sub><i>p</i></sub> log(1 − <i>D</i>) − E<sub><i>q</i></sub> log <i>D</i>",
};
const CURVES = {
  joint: { label: "<i>p</i>(<i>x</i>, <i>z</i>) and <i>q</i>(<i>x</i>, <i>z</i>) (thick)", ink: "okl-whole", style: "okl-whole okl-thick" },
  x: { label: "<i>q</i>(<i>x</i>) and <i>p̃</i>(<i>x</i>) (dashed)", ink: "okl-q", style: "okl-dashed" },
  z: { label: "<i>p</i>(<i>z</i>) and <i>q</i>(<i>z</i>) (thin)", ink: "okl-p", style: "" },
};
const SIDES = {
  p: { title: "data side <i>p</i>(<i>x</i>, <i>z</i>) = <i>p̃</i>(<i>x</i>) <i>p</i>(<i>z</i>|<i>x</i>)", x: "p̃", z: "p" },
  q: { title: "model side <i>q</i>(<i>x</i>, <i>z</i>) = <i>q</i>(<i>z</i>) <i>q</i>(<i>x</i>|<i>z</i>)", x: "q", z: "q" },
};

const named = (letter, i) => `<span class="okl-head"><i>${letter}</i><sub>${i + 1}</sub></span>`;
const cellHtml = (side, x, z) => `<div class="okl-cell ${x === "" || z === "" ? "okl-margin" : ""}" role="img" data-side="${side}" data-x="${x}" data-z="${z}"><b></b><i></i><span></span></div>`;
function tableHtml(side) {
  const row = (z) => `${named("z", z)}${LETTERS.map((x) => cellHtml(side, x, z)).join("")}${cellHtml(side, "", z)}`;
  return `<div class="okl-panel okl-${side}"><div class="okl-title">${SIDES[side].title}</div><div class="okl-grid okl-square">
    <span></span>${LETTERS.map((x) => named("x", x)).join("")}<span class="okl-head"><b><i>${SIDES[side].z}</i>(<i>z</i>)</b></span>${LETTERS.map(row).join("")}
    <span class="okl-head"><b><i>${SIDES[side].x}</i>(<i>x</i>)</b></span>${LETTERS.map((x) => cellHtml(side, x, "")).join("")}</div></div>`;
}
const radioHtml = (name) => `<label class="okl-switch"><input type="radio" name="objective" value="${name}"><span>${name}, ${LOSSES[name]}</span></label>`;
const line = (key, label) => `<div class="okl-line"><span>${label}</span><output data-value="${key}"></output></div>`;

const HTML = `<div class="okl-columns okl-stack">${tableHtml("p")}${tableHtml("q")}</div>
  <p class="okl-note">The area of a square is its probability. The dashed outline is the other table's.
    The last column is <i>p</i>(<i>z</i>) on the data side, <i>q</i>(<i>z</i>) on the model side; the last row is <i>p̃</i>(<i>x</i>) and <i>q</i>(<i>x</i>).
    <i>p̃</i>(<i>x</i>) and <i>q</i>(<i>z</i>) never change.</p>
  <form class="okl-radios" role="radiogroup" aria-label="loss of the generator and the encoder">${Object.keys(LOSSES).map(radioHtml).join("")}</form>
  <div class="okl-buttons"><button type="button" data-do="one">step</button><button type="button" data-do="hundred">100 steps</button>
    <button type="button" data-do="reset">reset</button><button type="button" data-do="start">new start</button></div>
  <div class="okl-columns okl-stack"><div><div class="okl-title">total variation, <span data-value="axis"></span> axis</div>
      <div class="okl-legend">${Object.values(CURVES).map(({ label, ink }) => `<span><b class="okl-swatch ${ink}"></b>${label}</span>`).join("")}</div>
      <svg class="okl-curves" role="img" aria-label="the three total variations after each step"></svg></div>
    <div>${line("steps", "steps")}${line("start", "start")}${Object.keys(CURVES).map((key) => line(key, CURVES[key].label.replace(/ \(\w+\)$/, ""))).join("")}
      ${line("objective", "objective at <i>D</i>*, KL(<i>m</i> ‖ <i>p</i>)")}${line("information", "information of <i>x</i> and <i>z</i> under <i>p</i>")}
      <p class="okl-note">The last two in nats. A vertical line marks where another loss was chosen.
      The axis is logarithmic as soon as one value lies below 0.01.</p></div></div>
  <p class="okl-status okl-long" aria-live="polite"></p>`;

const number = (v) => (v >= 0.001 ? v.toFixed(4) : v < 1e-16 ? "0" : minus(v.toExponential(1)));

// A cell, or a margin where x or z is "".
const valueAt = (table, x, z) => (x === "" ? sum(table.map((row) => row[z])) : z === "" ? sum(table[x]) : table[x][z]);

function drawTables(el, both) {
  for (const cell of el.querySelectorAll(".okl-cell")) {
    const { side, x, z } = cell.dataset, [own, other] = [side, side === "p" ? "q" : "p"].map((name) => valueAt(both[name], x, z));
    cell.querySelector("b").style.width = `${UNIT * Math.sqrt(own)}px`;
    cell.querySelector("i").style.width = `${UNIT * Math.sqrt(other)}px`;
    cell.querySelector("span").textContent = own.toFixed(3);
    const name = z === "" ? SIDES[side].x : SIDES[side].z, place = [x === "" ? "" : `x${+x + 1}`, z === "" ? "" : `z${+z + 1}`].filter(Boolean).join(", ");
    cell.setAttribute("aria-label", `${x === "" || z === "" ? name : side}(${place}) = ${own.toFixed(3)}`);
  }
}

function drawCurves(svg, history) {
  const width = svg.clientWidth || 330, left = 56, floor = 180, span = Math.max(20, history.length - 1), every = Math.ceil(span / 300);
  const all = history.flatMap(({ joint, x, z }) => [joint, x, z]), extreme = (choose) => all.reduce((a, b) => choose(a, b));
  const { name, height, ticks } = axis(extreme(Math.min), extreme(Math.max));
  const at = (i, v) => [left + ((width - left - 12) * i) / span, floor - (floor - 10) * height(v)];
  const shown = [...history.keys()].filter((i) => i % every === 0 || i === history.length - 1);
  const curve = (key) => {
    const [x, y] = at(history.length - 1, history.at(-1)[key]);
    return `<g class="okl-trace ${CURVES[key].ink}" data-path="${key}"><path class="${CURVES[key].style}" d="${path(shown.map((i) => at(i, history[i][key])))}"/>
      <circle class="okl-dot" cx="${x}" cy="${y}" r="3.5"/></g>`;
  };
  const rules = ticks.map(([v, text]) => {
    const y = at(0, v)[1];
    return `<line class="okl-rule" x1="${left}" x2="${width - 12}" y1="${y}" y2="${y}"/><text class="okl-tick" x="${left - 5}" y="${y + 4}" text-anchor="end">${text}</text>`;
  });
  const times = [0, span / 2, span].map((i) => `<text x="${at(i, 1)[0]}" y="${floor + 18}" text-anchor="${i === span ? "end" : "middle"}">${Math.round(i)}</text>`);
  const marks = [...history.keys()].slice(2).filter((i) => history[i].objective !== history[i - 1].objective)
    .map((i) => `<line class="okl-ray" x1="${at(i - 1, 1)[0]}" x2="${at(i - 1, 1)[0]}" y1="10" y2="${floor}"/>`);
  svg.setAttribute("viewBox", `0 0 ${width} 204`);
  svg.innerHTML = rules.join("") + times.join("") + marks.join("") + Object.keys(CURVES).map(curve).join("");
  return name;
}

const THEN = {
  "su-40": "The complete loss: with the best D, each step goes down the gradient of the objective KL(m ‖ p), in the encoder and in the generator.",
  "su-41": "The article's loss: the generator moves as under su-40, but the encoder's slope log(1 + r), r = q/p, grows with r, where su-40's log(1 + r) − r falls.",
  "su-42": "Minimax: encoder and generator raise what the discriminator lowers. The encoder's slope is the opposite of su-41's, for every D.",
  "su-43": "Labels exchanged: encoder and generator lower the discriminator's own loss with its two labels exchanged. The generator's slope is su-41's, and the encoder's, log(1 + 1/r) with r = q/p, falls as r grows.",
};

function explain(objective, now, steps) {
  if (now.joint < 1e-12)
    return "p = q, to rounding. Which joint table this is depends on the start: the losses match the two sides, and ask for no information between x and z.";
  if (objective === "su-41" && steps >= 100 && now.encoder.every((row) => Math.max(...row) > 0.97))
    return "Each x goes to one z, all but surely. Such an encoder has p(z) = q(z) only if groups of the letters x have the masses q(z)."
  return THEN[objective];
}

function drawNumbers(el, history, place, count) {
  const { p, q, ...now } = history.at(-1);
  const texts = { steps: history.length - 1, start: `${place + 1} of ${count}`, objective: number(objectiveAt(p, q)), information: number(information(p)) };
  for (const key of Object.keys(CURVES)) texts[key] = number(now[key]);
  for (const [key, text] of Object.entries(texts)) el.querySelector(`[data-value=${key}]`).textContent = text;
}

function render({ model, el }) {
  let place = 0, history, logits;
  el.classList.add("onekl-figure");
  el.innerHTML = HTML;
  const sides = () => [model.get("p_data"), model.get("prior")];

  const draw = () => {
    const objective = model.get("objective"), now = history.at(-1);
    drawTables(el, now);
    el.querySelector("[data-value=axis]").textContent = drawCurves(el.querySelector(".okl-curves"), history);
    drawNumbers(el, history, place, model.get("starts").length);
    for (const input of el.querySelectorAll("[type=radio]")) input.checked = input.value === objective;
    say(el, explain(objective, now, history.length - 1));
  };
  const record = () => {
    const now = tables(...sides(), ...logits);
    history.push({ ...now, ...mismatch(now.p, now.q), objective: model.get("objective") });
  };
  const restart = () => { history = []; logits = model.get("starts")[place]; record(); draw(); };
  const forward = (count) => {
    for (let i = 0; i < count; i++) { logits = step(model.get("objective"), ...sides(), ...logits); record(); }
    draw();
  };
  const actions = {
    one: () => forward(1),
    hundred: () => forward(100),
    reset: restart,
    start: () => { place = (place + 1) % model.get("starts").length; restart(); },
  };
  for (const button of el.querySelectorAll("button")) button.addEventListener("click", actions[button.dataset.do]);
  el.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  for (const input of el.querySelectorAll("[type=radio]"))
    input.addEventListener("change", () => { model.set("objective", input.value); model.save_changes(); });
  for (const key of ["p_data", "prior"]) model.on(`change:${key}`, restart);
  model.on("change:starts", () => { place = 0; restart(); });
  model.on("change:objective", draw);
  const sized = new ResizeObserver(draw);
  restart();
  sized.observe(el);
  return () => sized.disconnect();
}

export default { render };
