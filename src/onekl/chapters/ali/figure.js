// ALI on three letters of x and three of z: gradient steps of encoder and generator, with the
// discriminator at its optimum (su-39 to su-43).  Tables are arrays [x][z].  a holds the logits of
// p(z|x), over z, and b those of q(x|z), over x.  The steps are those of onekl.chapters.ali.tables,
// and a test holds the two together.

const LETTERS = [0, 1, 2];
const transposed = (table) => LETTERS.map((z) => table.map((row) => row[z]));
const cells = (f) => LETTERS.map((x) => LETTERS.map((z) => f(x, z)));

// p(z|x), q(x|z) and the joint tables p(x, z) = p̃(x) p(z|x), q(x, z) = q(z) q(x|z).
export function tables(pData, prior, a, b) {
  const encoder = a.map(softmax);
  const generator = transposed(transposed(b).map(softmax));
  return {
    encoder,
    generator,
    p: cells((x, z) => pData[x] * encoder[x][z]),
    q: cells((x, z) => prior[z] * generator[x][z]),
  };
}

// Each loss's slope per unit of p(x, z) and of q(x, z), as functions of r = q/p, with D = 1/(1 + r)
// and the old tables held.
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
  return [
    cells((x, z) => a[x][z] - p[x][z] * (slopes[x][z][0] - meanP[x])),
    cells((x, z) => b[x][z] - q[x][z] * (slopes[x][z][1] - meanQ[z])),
  ];
}

// Half the sum of the differences: of the joint tables, of q(x) and p̃(x), of p(z) and q(z).
export function mismatch(p, q) {
  const difference = cells((x, z) => p[x][z] - q[x][z]);
  const half = (list) => sum(list.map(Math.abs)) / 2;
  return {
    joint: half(difference.flat()),
    x: half(difference.map(sum)),
    z: half(transposed(difference).map(sum)),
  };
}

// The objective su-36 at the optimal D: KL(m ‖ p), m = ½(p + q).
export const objectiveAt = (p, q) =>
  sum(cells((x, z) => klDiv((p[x][z] + q[x][z]) / 2, p[x][z])).flat());

// The mutual information of x and z under p.
export function information(p) {
  const ofX = p.map(sum);
  const ofZ = transposed(p).map(sum);
  return sum(cells((x, z) => klDiv(p[x][z], ofX[x] * ofZ[z])).flat());
}

const TOPS = [0.1, 0.2, 0.4, 0.6, 0.8, 1]; // upper ends of the linear axis
const DEEPEST = 16; // the logarithmic axis ends at 1e−16 at the latest

// The vertical axis for the values between least and most: linear from 0 while none is below 0.01,
// else logarithmic, from 1 down to the least.  height(v) is 0 at the lower end and 1 at the upper;
// ticks are pairs of a value and its text.
export const axis = (least, most) => (least < 0.01 ? logarithmicAxis(least) : linearAxis(most));

function linearAxis(most) {
  const top = TOPS.find((t) => t >= most) ?? 1;
  const ticks = [0, top / 2, top].map((v) => [v, String(v)]);
  return { name: "linear", height: (v) => v / top, ticks };
}

function logarithmicAxis(least) {
  const decades = Math.min(DEEPEST, Math.ceil(-Math.log10(least)));
  const every = Math.ceil(decades / 4);
  const steps = Math.ceil(decades / every);
  const ticks = grid(0, every * steps, steps).map((e) => [10 ** -e, powerText(e)]);
  const height = (v) => 1 + clip(Math.log10(v), -every * steps, 0) / (every * steps);
  return { name: "logarithmic", height, ticks };
}

// 10^−e; at the deepest tick lie all smaller values too.
function powerText(e) {
  if (e < 3) return String(10 ** -e);
  return `${e === DEEPEST ? "≤ " : ""}1e−${e}`;
}

const UNIT = 60; // the side of the square for probability 1, in pixels

const LOSSES = {
  "su-40":
    "complete: su-41 and two terms more, " +
    "KL(<i>q</i>(<i>x</i>|<i>z</i>) ‖ <i>q</i>°(<i>x</i>|<i>z</i>)) and " +
    "E<sub><i>q</i></sub> log(<i>p</i>°(<i>z</i>|<i>x</i>)/<i>p</i>(<i>z</i>|<i>x</i>))",
  "su-41": "the article's: −E<sub><i>p</i></sub> log <i>D</i> − E<sub><i>q</i></sub> log <i>D</i>",
  "su-42": "minimax: E<sub><i>p</i></sub> log <i>D</i> + E<sub><i>q</i></sub> log(1 − <i>D</i>)",
  "su-43":
    "labels exchanged: −E<sub><i>p</i></sub> log(1 − <i>D</i>) − E<sub><i>q</i></sub> log <i>D</i>",
};

// What the three total variations compare, and how their curves are drawn.
const CURVES = {
  joint: {
    label: "<i>p</i>(<i>x</i>, <i>z</i>) and <i>q</i>(<i>x</i>, <i>z</i>)",
    ink: "whole",
    stroke: "thick",
    look: { class: "okl-whole okl-thick" },
  },
  x: {
    label: "<i>q</i>(<i>x</i>) and <i>p̃</i>(<i>x</i>)",
    ink: "q",
    stroke: "dashed",
    look: { class: "okl-dashed" },
  },
  z: {
    label: "<i>p</i>(<i>z</i>) and <i>q</i>(<i>z</i>)",
    ink: "p",
    stroke: "thin",
    look: {},
  },
};

// x and z: the names of the margins.
const SIDES = {
  p: {
    title:
      "data side <i>p</i>(<i>x</i>, <i>z</i>) = <i>p̃</i>(<i>x</i>) <i>p</i>(<i>z</i>|<i>x</i>)",
    x: "p̃",
    z: "p",
  },
  q: {
    title:
      "model side <i>q</i>(<i>x</i>, <i>z</i>) = <i>q</i>(<i>z</i>) <i>q</i>(<i>x</i>|<i>z</i>)",
    x: "q",
    z: "q",
  },
};

const marginHtml = (name, letter) => headHtml(`<b><i>${name}</i>(<i>${letter}</i>)</b>`);

// x or z is "" in the cell of a margin.
function cellHtml(side, x, z) {
  const look = attributes({
    class: x === "" || z === "" ? "okl-cell okl-margin" : "okl-cell",
    role: "img",
    "data-side": side,
    "data-x": x,
    "data-z": z,
  });
  return `<div${look}><b></b><i></i><span></span></div>`;
}

function tableHtml(side) {
  const names = LETTERS.map((x) => headHtml(letterHtml("x", x + 1)));
  const rows = LETTERS.flatMap((z) => [
    headHtml(letterHtml("z", z + 1)),
    ...[...LETTERS, ""].map((x) => cellHtml(side, x, z)),
  ]);
  const foot = LETTERS.map((x) => cellHtml(side, x, ""));
  const { title, x, z } = SIDES[side];
  const content = [...names, marginHtml(z, "z"), ...rows, marginHtml(x, "x"), ...foot];
  return `
    <div class="okl-panel okl-${side}">
      <div class="okl-title">${title}</div>
      <div class="okl-grid okl-square"><span></span>${content.join("")}</div>
    </div>`;
}

const choices = Object.entries(LOSSES).map(([name, words]) => [name, `${name}, ${words}`]);

const curveValueHtml = (key) => valueHtml(key, CURVES[key].label);

const HTML = `
  <div class="okl-columns okl-stack">${tableHtml("p")}${tableHtml("q")}</div>
  <p class="okl-note">
    The area of a square is its probability. The dashed outline is the other table's.
    The last column is <i>p</i>(<i>z</i>) on the data side, <i>q</i>(<i>z</i>) on the model side;
    the last row is <i>p̃</i>(<i>x</i>) and <i>q</i>(<i>x</i>).
    <i>p̃</i>(<i>x</i>) and <i>q</i>(<i>z</i>) never change.
  </p>
  ${radiosHtml("objective", "loss of the generator and the encoder", choices)}
  <div class="okl-buttons">
    ${buttonHtml("one", "step")}
    ${buttonHtml("hundred", "100 steps")}
    ${buttonHtml("reset", "reset")}
    ${buttonHtml("start", "new start")}
  </div>
  <div class="okl-columns okl-stack">
    <div>
      <div class="okl-title">total variation, <span data-value="axis"></span> axis</div>
      ${legendHtml(
        Object.values(CURVES).map(({ ink, label, stroke }) => [ink, `${label} (${stroke})`]),
      )}
      <svg class="okl-curves" role="img"
        aria-label="the three total variations after each step"></svg>
    </div>
    <div>
      ${valueHtml("steps", "steps")}
      ${valueHtml("start", "start")}
      ${Object.keys(CURVES).map(curveValueHtml).join("")}
      ${valueHtml("objective", "objective at <i>D</i>*, KL(<i>m</i> ‖ <i>p</i>)")}
      ${valueHtml("information", "information of <i>x</i> and <i>z</i> under <i>p</i>")}
      <p class="okl-note">
        The last two in nats. A vertical line marks where another loss was chosen.
        The axis is logarithmic as soon as one value lies below 0.01.
      </p>
    </div>
  </div>
  <p class="okl-status okl-long" aria-live="polite"></p>`;

// 1e−16 is the end of the logarithmic axis: all that it shows is printed too.
const number = (v) => (v < 1e-16 ? "0" : readable(v, { noise: 0 }));

// A cell, or a margin where x or z is "".
function valueAt(table, x, z) {
  if (x === "") return sum(table.map((row) => row[z]));
  return z === "" ? sum(table[x]) : table[x][z];
}

// p(x1, z2), say, or the name of a margin.
function cellName(side, x, z) {
  if (x === "") return `${SIDES[side].z}(z${+z + 1})`;
  if (z === "") return `${SIDES[side].x}(x${+x + 1})`;
  return `${side}(x${+x + 1}, z${+z + 1})`;
}

function drawTables(el, both) {
  for (const cell of el.querySelectorAll(".okl-cell")) {
    const { side, x, z } = cell.dataset;
    const own = valueAt(both[side], x, z);
    const other = valueAt(both[side === "p" ? "q" : "p"], x, z);
    cell.querySelector("b").style.width = `${UNIT * Math.sqrt(own)}px`;
    cell.querySelector("i").style.width = `${UNIT * Math.sqrt(other)}px`;
    cell.querySelector("span").textContent = fixed(own, 3);
    cell.setAttribute("aria-label", `${cellName(side, x, z)} = ${fixed(own, 3)}`);
  }
}

// The axis that holds all total variations of the path; it may be too long for Math.min(...list).
function axisOf(history) {
  const values = history.flatMap(({ joint, x, z }) => [joint, x, z]);
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  return axis(least, most);
}

function drawCurves(svg, history, { height, ticks }) {
  const last = history.length - 1;
  const span = Math.max(20, last);
  const every = Math.ceil(span / 300);
  const steps = [...history.keys()];
  const shown = steps.filter((i) => i % every === 0 || i === last);
  const plot = new Plot(svg, {
    height: 204,
    x: [0, span],
    y: [0, 1],
    margin: { right: 12, left: 56 },
  });
  for (const [v] of ticks) plot.rule(height(v));
  plot.yTicks(ticks.map(([v, text]) => [height(v), text]));
  plot.xTicks([0, [span / 2, Math.round(span / 2)]]);
  plot.text([span, 0], span, { dy: 18, "text-anchor": "end" });
  for (const i of steps.slice(2))
    if (history[i].objective !== history[i - 1].objective)
      plot.segment([i - 1, 1], [i - 1, 0], { class: "okl-ray" });
  for (const [key, { ink, look }] of Object.entries(CURVES)) {
    const at = (i) => [i, height(history[i][key])];
    plot.group({ class: `okl-trace okl-${ink}`, "data-path": key }, () => {
      plot.curve(shown.map(at), look);
      plot.dot(at(last), 3.5, { class: "okl-dot" });
    });
  }
  plot.show();
}

function drawNumbers(el, { p, q, joint, x, z }) {
  showValues(el, {
    joint: number(joint),
    x: number(x),
    z: number(z),
    objective: number(objectiveAt(p, q)),
    information: number(information(p)),
  });
}

const THEN = {
  "su-40":
    "The complete loss: with the best D, each step goes down the gradient of the objective " +
    "KL(m ‖ p), in the encoder and in the generator.",
  "su-41":
    "The article's loss: the generator moves as under su-40, but the encoder's slope log(1 + r), " +
    "r = q/p, grows with r, where su-40's log(1 + r) − r falls.",
  "su-42":
    "Minimax: encoder and generator raise what the discriminator lowers. " +
    "The encoder's slope is the opposite of su-41's, for every D.",
  "su-43":
    "Labels exchanged: encoder and generator lower the discriminator's own loss " +
    "with its two labels exchanged. The generator's slope is su-41's, " +
    "and the encoder's, log(1 + 1/r) with r = q/p, falls as r grows.",
};

function explain(objective, now, steps) {
  if (now.joint < 1e-12)
    return (
      "p = q, to rounding. Which joint table this is depends on the start: " +
      "the losses match the two sides, and ask for no information between x and z."
    );
  const sure = now.encoder.every((row) => Math.max(...row) > 0.97);
  if (objective === "su-41" && steps >= 100 && sure)
    return (
      "Each x goes to one z, all but surely. Such an encoder has p(z) = q(z) " +
      "only if groups of the letters x have the masses q(z)."
    );
  return THEN[objective];
}

function render({ model, el }) {
  let place = 0;
  let history;
  let logits;
  const sides = () => [model.get("p_data"), model.get("prior")];
  fill(el, HTML);

  const draw = () => {
    const objective = model.get("objective");
    const now = history.at(-1);
    const steps = history.length - 1;
    const vertical = axisOf(history);
    drawTables(el, now);
    drawCurves(el.querySelector(".okl-curves"), history, vertical);
    drawNumbers(el, now);
    showValues(el, {
      axis: vertical.name,
      steps,
      start: `${place + 1} of ${model.get("starts").length}`,
    });
    showRadio(el, "objective", objective);
    say(el, explain(objective, now, steps));
  };
  const record = () => {
    const now = tables(...sides(), ...logits);
    history.push({ ...now, ...mismatch(now.p, now.q), objective: model.get("objective") });
  };
  const restart = () => {
    history = [];
    logits = model.get("starts")[place];
    record();
    draw();
  };
  const startAt = (next) => {
    place = next;
    restart();
  };
  const forward = (count) => {
    for (let i = 0; i < count; i++) {
      logits = step(model.get("objective"), ...sides(), ...logits);
      record();
    }
    draw();
  };
  onButtons(el, {
    one: () => forward(1),
    hundred: () => forward(100),
    reset: restart,
    start: () => startAt((place + 1) % model.get("starts").length),
  });
  onRadios(el, (key, value) => update(model, { [key]: value }));
  model.on("change:starts", () => startAt(0));
  model.on("change:objective", draw);
  return redrawWhen(model, ["p_data", "prior"], el, draw, restart);
}

export default { render };
