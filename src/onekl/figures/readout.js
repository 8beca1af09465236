// What a figure says in words, numbers, tiles and bars.

// The status line; the same text again would make a screen reader repeat it at every step.
function say(el, text) {
  const status = el.querySelector(".okl-status");
  if (status.textContent !== text) status.textContent = text;
}

const swatchHtml = (ink) => `<b class="okl-swatch okl-${ink}"></b>`;

// Pairs of an ink and the words beside it.
function legendHtml(entries) {
  const items = entries.map(([ink, words]) => `<span>${swatchHtml(ink)}${words}</span>`);
  return `<div class="okl-legend">${items.join("")}</div>`;
}

// What stands over a column or before a row: x₁, say.
const headHtml = (html) => `<span class="okl-head">${html}</span>`;
const letterHtml = (letter, n) => `<i>${letter}</i><sub>${n}</sub>`;

// A line with words on its left and a number on its right, which `showValues` fills in.
const valueHtml = (key, words) =>
  `<div class="okl-line"><span>${words}</span><output data-value="${key}"></output></div>`;

function showValues(el, texts) {
  for (const [key, text] of Object.entries(texts))
    el.querySelector(`[data-value=${key}]`).textContent = text;
}

// A tile is filled up to a probability, with a dashed line at another; `look` holds its attributes.
const tileBoxHtml = (look) => `
  <div${attributes(look)}>
    <div class="okl-fill"></div>
    <div class="okl-other"></div>
    <span></span>
  </div>`;

function fillTile(tile, value, other, digits = 2) {
  tile.querySelector(".okl-fill").style.height = `${100 * value}%`;
  tile.querySelector(".okl-other").style.bottom = `${100 * other}%`;
  tile.querySelector("span").textContent = fixed(value, digits);
  if (tile.getAttribute("role") === "slider") announce(tile, value, fixed(value, 3));
}

// Bars lie in a track, `barHtml`s one after another; lengths are shares of the track.
const trackHtml = (...bars) => `<div class="okl-track">${bars.join("")}</div>`;
const barHtml = (key) => `<div class="okl-bar okl-${key}" data-bar="${key}"></div>`;

// An infinite bar is hatched and runs to the end of its track.
function drawBar(bar, share) {
  bar.style.width = `${100 * clip(share, 0, 1)}%`;
  bar.classList.toggle("okl-infinite", share === Infinity);
}

// The smallest of …, ½, 1, 2, 4, … that holds v: an axis that ends there jumps seldom in a drag.
const powerOfTwo = (v, least) => Math.max(least, 2 ** Math.ceil(Math.log2(v)));
