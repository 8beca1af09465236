// How a figure is put together.  figure.js has three parts: the mathematics (functions of plain
// numbers, exported for the tests), the page (HTML as text, by functions that end in Html), and
// `render({ model, el })`:
//   1. fill(el, html) puts the page into the element;
//   2. `draw` reads the state, model.get(name) or a local object, and redraws what depends on it;
//   3. onButtons, onSliders, onSwitches, onRadios and draggable say how the reader changes the
//      state: what Python knows too by update(model, values), whose event draws; after a local
//      change, draw; after both, updateAndDraw;
//   4. it returns redrawWhen(model, names, el, draw), which draws first, and then at each change.
// An element carries its key: data-do a button, data-key a slider, data-switch a switch, name radio
// buttons, data-value a number.  The files listed in shared.txt stand before figure.js, all in one
// module: no imports.

function fill(el, html) {
  el.classList.add("onekl-figure");
  el.innerHTML = html;
}

// The model's events draw.
function update(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

// The same, drawn in any case: values that the model has already make no event.
function updateAndDraw(model, values, draw) {
  update(model, values);
  draw();
}

// Draw now, and when a value of the model or the figure's width changes; returns what ends that.
// Where more than drawing follows a value (a path starts afresh), `changed` does that, and draws.
function redrawWhen(model, names, el, draw, changed = draw) {
  for (const name of names) model.on(`change:${name}`, changed);
  changed();
  const sized = new ResizeObserver(draw);
  sized.observe(el);
  return () => sized.disconnect();
}

const buttonHtml = (key, words, look = {}) =>
  `<button type="button" data-do="${key}"${attributes(look)}>${words}</button>`;

// actions: what each button does, by its key.
function onButtons(el, actions) {
  for (const [key, action] of Object.entries(actions))
    el.querySelector(`[data-do=${key}]`).addEventListener("click", action);
}

const sliderRowHtml = (key, { label, min, max, step }, look = "") =>
  `<label class="okl-slider ${look}"><span>${label}</span>
    <input type="range" data-key="${key}" min="${min}" max="${max}" step="${step}">
    <output></output></label>`;

// set(key, value)
function onSliders(el, set) {
  for (const input of el.querySelectorAll("[data-key]"))
    input.addEventListener("input", () => set(input.dataset.key, Number(input.value)));
}

function showSlider(el, key, value, text) {
  const input = el.querySelector(`[data-key=${key}]`);
  input.value = value;
  input.parentElement.querySelector("output").textContent = text;
}

const switchHtml = (key, words) =>
  `<label class="okl-switch"><input type="checkbox" role="switch" data-switch="${key}">
    <span>${words}</span></label>`;

// set(key, on)
function onSwitches(el, set) {
  for (const input of el.querySelectorAll("[data-switch]"))
    input.addEventListener("change", () => set(input.dataset.switch, input.checked));
}

function showSwitch(el, key, on) {
  el.querySelector(`[data-switch=${key}]`).checked = on;
}

// One choice of several; `choices` are pairs of a value and the words beside it.  They have a form
// of their own, because the buttons of another figure on the page may have the same name.
function radiosHtml(key, label, choices) {
  const rows = choices.map(
    ([value, words]) => `
    <label class="okl-switch"><input type="radio" name="${key}" value="${value}">
      <span>${words}</span></label>`,
  );
  return `<form class="okl-radios" role="radiogroup" aria-label="${label}">${rows.join("")}</form>`;
}

// set(key, value)
function onRadios(el, set) {
  for (const form of el.querySelectorAll(".okl-radios"))
    form.addEventListener("submit", (event) => event.preventDefault());
  for (const input of el.querySelectorAll("[type=radio]"))
    input.addEventListener("change", () => set(input.name, input.value));
}

function showRadio(el, key, value) {
  el.querySelector(`[name=${key}][value=${value}]`).checked = true;
}

// The value of a slider, for those who hear the page.
function announce(slider, value, text) {
  slider.setAttribute("aria-valuenow", value);
  slider.setAttribute("aria-valuetext", text);
}

// The attributes that make an element a slider; draggable makes it move.
const sliderRole = (label, { low = 0, high = 1 } = {}) => ({
  role: "slider",
  tabindex: 0,
  "aria-label": label,
  "aria-valuemin": low,
  "aria-valuemax": high,
});

// What the key makes of the value, or undefined for a key that a slider does not know.
function afterKey(key, value, { low, high, step }) {
  const places = { Home: low, End: high };
  const moves = {
    ArrowUp: step,
    ArrowRight: step,
    ArrowDown: -step,
    ArrowLeft: -step,
    PageUp: 10 * step,
    PageDown: -10 * step,
  };
  return key in moves ? value + moves[key] : places[key];
}

// An element as a slider, by pointer and by keys.  hold() gives the value and what sets it; a drag
// holds once, at its start, so that dragging back undoes it.  moved(right, up) turns pixels into a
// change of the value.
function draggable(handle, hold, moved, range = { low: 0, high: 1, step: 0.01 }) {
  handle.addEventListener("keydown", (event) => {
    const { value, set } = hold();
    const next = afterKey(event.key, value, range);
    if (next === undefined) return;
    event.preventDefault();
    set(next);
  });
  whileHeld(handle, (start) => {
    const { value, set } = hold();
    return (now) => {
      const right = now.clientX - start.clientX;
      const up = start.clientY - now.clientY;
      set(value + moved(right, up));
    };
  });
}

// From the pointer's press until its release: grabbed(event) returns what to do at each move.
function whileHeld(handle, grabbed) {
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = grabbed(event);
  });
  for (const end of ["pointerup", "pointercancel"])
    handle.addEventListener(end, () => {
      handle.onpointermove = null;
    });
}
