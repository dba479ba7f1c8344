(() => {
  // The same output can stand twice on a page, and a front-end can insert it at any time: take
  // every figure of this id that has no controls yet.
  for (const figure of document.querySelectorAll('[id="FIGURE_ID"]')) {
    if (!figure.dataset.ready) start(figure);
  }

  function start(figure) {
    figure.dataset.ready = "true";
    const data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    const texts = unpack(data.states, data.length);
    const serial = document.querySelectorAll(".bb-explorer[data-ready]").length;
    const chosen = data.axes.map((axis) => axis.start);
    const shown = []; // for each axis, how to show a value that a timer has chosen
    const stage = figure.querySelector(".bb-stage");
    const bar = element("div", { class: "bb-controls", role: "group", "aria-label": "Controls" });
    const voice = element("p", { class: "bb-voice", role: "status" });
    let waiting = 0;

    // JupyterLab takes keys for its shortcuts, and mouse presses for selecting the cell.
    bar.dataset.lmSuppressShortcuts = "true";
    for (const name of ["keydown", "keyup", "keypress", "mousedown", "pointerdown"]) {
      bar.addEventListener(name, (event) => event.stopPropagation());
    }
    figure.querySelector(".bb-unscripted").remove();
    stage.before(bar);
    stage.after(voice);
    const choices = element("div", { class: "bb-choices" });
    const sliders = element("div", { class: "bb-sliders" });
    bar.append(choices, sliders);
    data.axes.forEach((axis, k) => {
      if (axis.slider) sliders.append(slider(axis, k));
      else choices.append(choice(axis, k));
    });
    if (data.play !== null) sliders.append(player(data.axes[data.play], data.play));
    show();
    // After the browser's Back, controls and picture must say the same.
    addEventListener("pageshow", () => shown.forEach((update) => update()));

    function element(name, attributes, ...children) {
      const node = document.createElement(name);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      node.append(...children);
      return node;
    }

    function show() {
      const state = data.axes.reduce((sum, axis, k) => sum * axis.values.length + chosen[k], 0);
      const [words, drawing] = [texts[2 * state], texts[2 * state + 1]];
      if (drawing) {
        stage.innerHTML = drawing;
        const svg = stage.firstChild;
        svg.setAttribute("role", "img");
        svg.setAttribute("aria-label", words);
      } else {
        stage.replaceChildren(element("p", { class: "bb-message" }, words));
      }
      return words;
    }

    function choose(k, value) {
      chosen[k] = value;
      const words = show();
      // Say what the picture shows once the reader has stopped moving, not at every step.
      clearTimeout(waiting);
      waiting = setTimeout(() => (voice.textContent = words), 600);
    }

    function slider(axis, k) {
      const id = `FIGURE_ID-${serial}-${k}`;
      const last = axis.values.length - 1;
      const input = element("input", { id, type: "range", max: last, autocomplete: "off" });
      // Hidden from screen readers, which read the slider's own aria-valuetext.
      const value = element("span", { class: "bb-value", "aria-hidden": "true" });
      shown[k] = () => {
        input.value = chosen[k];
        value.textContent = axis.values[chosen[k]];
        input.setAttribute("aria-valuetext", axis.values[chosen[k]]);
      };
      input.addEventListener("input", () => {
        choose(k, Number(input.value));
        shown[k]();
      });
      shown[k]();
      const label = element("label", { for: id }, axis.label);
      return element("div", { class: "bb-slider" }, label, value, input);
    }

    function choice(axis, k) {
      const group = element("fieldset", { class: "bb-choice" });
      group.append(element("legend", {}, axis.label));
      const inputs = axis.values.map((words, value) => {
        const name = `FIGURE_ID-${serial}-${k}`;
        const input = element("input", { type: "radio", name, value, autocomplete: "off" });
        input.addEventListener("change", () => choose(k, value));
        group.append(element("label", {}, input, element("span", {}, words)));
        return input;
      });
      shown[k] = () => (inputs[chosen[k]].checked = true);
      shown[k]();
      return group;
    }

    function player(axis, k) {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const idle = still ? "Next step" : "▶ Play";
      const button = element("button", { type: "button", class: "bb-play" }, idle);
      let timer = 0;
      const step = () => {
        if (!figure.isConnected) return stop();
        choose(k, (chosen[k] + 1) % axis.values.length);
        shown[k]();
        if (chosen[k] === axis.values.length - 1) stop();
      };
      const stop = () => {
        clearInterval(timer);
        timer = 0;
        button.textContent = idle;
      };
      button.addEventListener("click", () => {
        if (still) return step();
        if (timer) return stop();
        button.textContent = "❚❚ Pause";
        timer = setInterval(step, 800);
        step();
      });
      bar.addEventListener("input", stop);
      return button;
    }
  }

  // What packing.py wrote: literal text; or two numbers, how far back to go for how much of it.
  function unpack(parts, length) {
    const codes = new Uint16Array(length);
    let end = 0;
    for (let k = 0; k < parts.length; k++) {
      if (typeof parts[k] === "string") {
        for (let i = 0; i < parts[k].length; i++) codes[end++] = parts[k].charCodeAt(i);
      } else {
        const from = end - parts[k++];
        codes.copyWithin(end, from, from + parts[k]);
        end += parts[k];
      }
    }
    return new TextDecoder("utf-16le").decode(codes).split("\n");
  }
})();
