// A page without a kernel: the figure's state lives in the page itself.

// The part of a widget's model that the figures use, over a plain object.
function pageModel(state) {
  const handlers = {};
  return {
    get: (key) => state[key],
    set(key, value) {
      state[key] = value;
      for (const call of handlers[`change:${key}`] ?? []) call();
    },
    on(event, call) {
      handlers[event] ??= [];
      handlers[event].push(call);
    },
    save_changes() {},
  };
}

// Draw a figure into the first element with this id that holds none yet.
function showOnPage(render, id, state) {
  const el = document.querySelector(`[id="${id}"]:not([data-drawn])`);
  el.dataset.drawn = "";
  render({ model: pageModel(state), el });
}
