// Handles on a rail: numbers from −end to end that the reader drags to the left and right.  A rail
// reaches from −X_END to X_END, and so do the drawings beside it.

const X_END = 5;

const railHtml = (head, handles) =>
  `<div class="okl-rail">${headHtml(head)}${handles.join("")}</div>`;

// `place` holds the attributes that say which number the handle moves.
function handleHtml(words, { name, ink, end }, place) {
  const role = sliderRole(name, { low: -end, high: end });
  const look = attributes({ class: `okl-handle okl-${ink}`, ...role, ...place });
  return `<div${look}>${words}</div>`;
}

function placeHandle(handle, value) {
  handle.style.left = `${50 + (50 * value) / X_END}%`;
  announce(handle, value, fixed(value, 2));
}

// hold() as for draggable; what is set has two decimals and lies between −end and end.
function draggableOnRail(handle, hold, end) {
  const held = () => {
    const { value, set } = hold();
    return { value, set: (next) => set(clip(Math.round(next * 100) / 100, -end, end)) };
  };
  const moved = (right) => (2 * X_END * right) / handle.parentElement.clientWidth;
  draggable(handle, held, moved, { low: -end, high: end, step: 0.05 });
}
